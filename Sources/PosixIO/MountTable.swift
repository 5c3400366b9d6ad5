package import SystemPackage

/// What is mounted, as this process sees it (proc_pid_mountinfo(5)).
package struct MountTable: Sendable {
  package struct Entry: Equatable, Sendable {
    /// Major and minor number, as sysfs names it: `0:52`.
    package var device: String
    package var mountpoint: String
    package var type: String
    package var source: String

    package init(device: String, mountpoint: String, type: String, source: String) {
      self.device = device
      self.mountpoint = mountpoint
      self.type = type
      self.source = source
    }
  }

  /// In bytes, for tens of thousands of mounts.
  private static let largestTable = 8 << 20

  /// Of several at one mountpoint the last one is on top.
  package let entries: [Entry]

  package init(_ entries: [Entry]) {
    self.entries = entries
  }

  package static func current() throws(Errno) -> MountTable {
    let file = try OwnedDescriptor(opening: "/proc/self/mountinfo", .readOnly)
    return MountTable(parsing: try file.read(count: largestTable, at: 0))
  }

  package init(parsing table: [UInt8]) {
    entries = table.split(separator: UInt8(ascii: "\n")).compactMap(Self.entry)
  }

  /// `ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAGS…] - TYPE SOURCE SUPEROPTIONS`
  private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
    let words = line.split(separator: UInt8(ascii: " "))
    guard let dash = words.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
      words.count > dash + 2
    else { return nil }
    return Entry(
      device: unescaped(words[2]), mountpoint: unescaped(words[4]),
      type: unescaped(words[dash + 1]), source: unescaped(words[dash + 2]))
  }

  /// The kernel writes blanks and backslashes as `\040`.
  private static func unescaped(_ word: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = word
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
