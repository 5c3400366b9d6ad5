import PosixIO
import SystemPackage

/// The mediafs mounts of this machine, as the kernel lists them (proc_pid_mountinfo(5)).
struct MountTable: Sendable {
  struct Entry: Equatable, Sendable {
    let mountpoint: String
    let source: String
  }

  static let type = "fuse.mediafs"

  /// In bytes, for tens of thousands of mounts.
  private static let largestTable = 8 << 20

  let entries: [Entry]

  /// The mounts that this process sees now.
  static func current() throws(Failure) -> MountTable {
    do throws(Errno) {
      let file = try OwnedDescriptor(opening: "/proc/self/mountinfo", .readOnly)
      return MountTable(parsing: try file.read(count: largestTable, at: 0))
    } catch {
      throw Failure(.failure, "cannot read /proc/self/mountinfo: \(error)")
    }
  }

  init(parsing table: [UInt8]) {
    entries = table.split(separator: UInt8(ascii: "\n")).compactMap(Self.entry)
  }

  /// `ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAGS…] - TYPE SOURCE SUPEROPTIONS`
  private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
    let words = line.split(separator: UInt8(ascii: " "))
    guard let dash = words.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
      words.count > dash + 2, words[dash + 1].elementsEqual(type.utf8)
    else { return nil }
    return Entry(mountpoint: unescaped(words[4]), source: unescaped(words[dash + 2]))
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

extension MountTable {
  /// The innermost mount that holds `path`, and the path within it; "" is the mount itself.
  ///
  /// - Parameter path: absolute, without `.` and `..`.
  func mount(holding path: String) -> (entry: Entry, relative: String)? {
    let holding = entries.compactMap { entry -> (entry: Entry, relative: String)? in
      guard let rest = Self.relative(path, to: entry.mountpoint) else { return nil }
      return (entry, rest)
    }
    return holding.max { $0.entry.mountpoint.utf8.count < $1.entry.mountpoint.utf8.count }
  }

  private static func relative(_ path: String, to directory: String) -> String? {
    if path.utf8.elementsEqual(directory.utf8) { return "" }
    let head = directory == "/" ? "/" : directory + "/"
    guard path.utf8.starts(with: head.utf8) else { return nil }
    return String(Substring(path.utf8.dropFirst(head.utf8.count)))
  }
}
