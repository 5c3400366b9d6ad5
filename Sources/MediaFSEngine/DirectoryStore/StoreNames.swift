import ObjectStorage

/// How keys become file names in the embedded store.
///
/// `a/b.jpg` is the file `b.jpg` in the directory `a`: whoever looks into the store sees normal
/// files. Only what cannot be a path is written as `%` and two digits:
///
/// | in the key | in the store |
/// |---|---|
/// | an empty segment: between two slashes, or behind the last one (a directory marker) | `%2F` |
/// | the segments `.` and `..`, and `.mediafs-store` | `%2E`, `%2E.`, `%2Emediafs-store` |
/// | NUL | `%00` |
/// | `%`, only where it would begin one of these sequences | `%25` |
/// | a segment over 252 bytes | directories that end in `%2B`, then the rest |
/// | an object `x`, while there is a directory `x` | the file `x%3D` |
///
/// Each key has one path and each path at most one key; a file that somebody put there under a name
/// that no key leads to is not an object and left alone.
enum StoreNames {
  /// Temporary files, uploads, the lock and attributes that the filesystem has no place for.
  static let privateDirectory = Array(".mediafs-store".utf8)

  /// Ends the name of the file of an object whose own name is taken by a directory.
  static let besideDirectory = Array("%3D".utf8)
  /// Ends the name of a directory that holds what follows of a long segment.
  static let continued = Array("%2B".utf8)

  /// The longest name without an ending, in bytes: with one it has NAME_MAX, 255.
  static let maximumLength = 252

  private static let emptySegment = Array("%2F".utf8)
  private static let percent = UInt8(ascii: "%")

  /// The two digits of all sequences, and the byte that they stand for in a name.
  private static let codes: [(digits: [UInt8], byte: UInt8?)] = [
    (Array("00".utf8), 0), (Array("25".utf8), percent), (Array("2E".utf8), UInt8(ascii: ".")),
    (Array("2F".utf8), nil), (Array("2B".utf8), nil), (Array("3D".utf8), nil),
  ]
}

// MARK: - From key to path

extension StoreNames {
  /// The path of the file of an object.
  static func path(of key: ObjectKey) -> StorePath {
    segments(of: key.text).flatMap(names(ofSegment:))
  }

  /// The path of the directory that holds all keys that begin with `prefix` up to its last "/", and
  /// what those keys begin with.
  static func directory(of prefix: String) -> (path: StorePath, prefix: [UInt8]) {
    let segments = segments(of: prefix).dropLast()
    return (segments.flatMap(names(ofSegment:)), segments.flatMap { $0 + [UInt8(ascii: "/")] })
  }

  private static func segments(of text: String) -> [[UInt8]] {
    Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { Array($0) }
  }

  /// One name, or several for a long segment.
  static func names(ofSegment segment: [UInt8]) -> [[UInt8]] {
    var rest = segment[...]
    var names: [[UInt8]] = []
    while true {
      let whole = encode(rest)
      if whole.count <= maximumLength { return names + [whole] }
      let piece = piece(of: rest)
      names.append(encode(piece) + continued)
      rest = rest[piece.endIndex...]
    }
  }

  /// As much from the start as one name takes, without cutting a character of UTF-8.
  private static func piece(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var piece = bytes.prefix(maximumLength)
    while piece.count > 1,
      encode(piece).count > maximumLength || cutsCharacter(bytes, at: piece.endIndex)
    {
      piece.removeLast()
    }
    return piece
  }

  private static func cutsCharacter(_ bytes: ArraySlice<UInt8>, at index: Int) -> Bool {
    index < bytes.endIndex && bytes[index] & 0b1100_0000 == 0b1000_0000
  }

  private static func encode(_ segment: ArraySlice<UInt8>) -> [UInt8] {
    if segment.isEmpty { return emptySegment }
    var name: [UInt8] = []
    for index in segment.indices {
      let byte = segment[index]
      let isFirst = index == segment.startIndex
      switch byte {
      case 0: name += Array("%00".utf8)
      case percent where beginsCode(segment[index...]): name += Array("%25".utf8)
      case UInt8(ascii: ".") where isFirst && isTaken(segment): name += Array("%2E".utf8)
      default: name.append(byte)
      }
    }
    return name
  }

  private static func isTaken(_ segment: ArraySlice<UInt8>) -> Bool {
    segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8)
      || segment.elementsEqual(privateDirectory)
  }

  private static func beginsCode(_ bytes: ArraySlice<UInt8>) -> Bool {
    code(at: bytes) != nil
  }

  private static func code(at bytes: ArraySlice<UInt8>) -> (digits: [UInt8], byte: UInt8?)? {
    guard bytes.first == percent else { return nil }
    let digits = bytes.dropFirst().prefix(2)
    return codes.first { $0.digits.elementsEqual(digits) }
  }
}

// MARK: - From name to segment

extension StoreNames {
  /// What a name adds to a key, without its ending; `nil` when it is not a name of this store.
  static func decode(_ name: some Sequence<UInt8>) -> [UInt8]? {
    let name = Array(name)
    if name == emptySegment { return [] }
    var segment: [UInt8] = []
    var index = name.startIndex
    while index < name.endIndex {
      guard let code = code(at: name[index...]) else {
        segment.append(name[index])
        index += 1
        continue
      }
      guard let byte = code.byte else { return nil }
      segment.append(byte)
      index += 3
    }
    return segment
  }

  /// What is left of a name without an ending; `nil` when it does not end so.
  static func removing(_ ending: [UInt8], from name: [UInt8]) -> [UInt8]? {
    name.count > ending.count && name.suffix(ending.count).elementsEqual(ending)
      ? Array(name.dropLast(ending.count)) : nil
  }
}
