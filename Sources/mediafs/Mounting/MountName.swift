import MediaFSCore

/// The name of a mount, and of its state directory.
///
/// Made from the store and the namespace, so that the same source finds its state again and two
/// sources never share one: a catalog that is used against another bucket would take its files for
/// uploaded.
enum MountName {
  /// Names of directories, units and log files; slashes would lead elsewhere.
  static func isValid(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".") && !name.hasPrefix("-")
      && name.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "@") }
  }

  static func derive(from source: Source, endpoint: String?) -> String {
    let place: String
    switch source.place {
    case .bucket(let bucket): place = bucket
    case .directory(let path): place = path
    }
    let identity = "\(endpoint ?? "") \(source.description)"
    return "\(slug("\(place)/\(source.keyPrefix)"))-\(hash(identity))"
  }

  /// What a person recognises: letters, digits and dots, the rest as one hyphen each run.
  private static func slug(_ text: String) -> String {
    let words = text.utf8.split { !isPlain($0) || $0 == UInt8(ascii: "-") }
    let joined = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    let tail = joined.drop { $0 == "." || $0 == "-" }.prefix(longestSlug)
    return tail.isEmpty ? "mount" : String(tail)
  }

  /// Leaves room in the 107 bytes of a socket's path.
  private static let longestSlug = 40

  /// FNV-1a, folded to 32 bits: it tells a handful of mounts apart, not adversaries.
  private static func hash(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._".utf8.contains(byte)
    }
  }
}
