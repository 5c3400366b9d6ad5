import MediaFSTesting

/// One thing that can be done to a file, with the numbers it is done with, in bytes.
enum Operation: CustomStringConvertible {
  case read(at: Int, count: Int)
  case write(at: Int, count: Int)
  case append(count: Int)
  case truncate(size: Int)
  case mappedRead(at: Int, count: Int)
  case mappedWrite(at: Int, count: Int, synchronizes: Bool)
  case allocate(at: Int, count: Int)
  case reserve(at: Int, count: Int)
  case punchHole(at: Int, count: Int)
  case zero(at: Int, count: Int, keepsSize: Bool)
  case copy(from: Int, to: Int, count: Int)
  case directRead(at: Int, count: Int)
  case directWrite(at: Int, count: Int)
  case synchronize(dataOnly: Bool)
  case reopen

  /// What O_DIRECT asks of offsets and lengths, in bytes.
  static let block = 4_096
  /// The most that one operation moves, in bytes.
  private static let countLimit = 48 << 10

  /// The next operation on a file of `size` bytes that may grow to `limit`.
  ///
  /// Out of 1,000. What only reads is the most frequent: it finds what the rest did wrong, at
  /// little cost. What waits for the disk or ends a state that a bug may need to show is rare.
  ///
  /// - Parameter keeps: the file stays about as large as it is.
  static func random(
    size: Int, limit: Int, maps: Bool, keeps: Bool, using random: inout SeededRandom
  ) -> Operation {
    let at = place(below: limit, using: &random)
    let count = Int.random(in: 1...min(countLimit, limit - at), using: &random)
    switch Int.random(in: 0..<1_000, using: &random) {
    case 0..<400: return .read(at: at, count: count)
    case 400..<550: return .write(at: at, count: count)
    case 550..<580: return .append(count: max(0, min(count, limit - size)))
    case 580..<630: return .truncate(size: keeps ? max(0, size - count) : at)
    case 630..<760: return maps ? .mappedRead(at: at, count: count) : .read(at: at, count: count)
    case 760..<870:
      guard maps else { return .write(at: at, count: count) }
      let synchronizes = chance(1, of: 100, using: &random)
      return .mappedWrite(at: at, count: count, synchronizes: synchronizes)
    case 870..<895: return .allocate(at: at, count: count)
    case 895..<910: return .reserve(at: at, count: count)
    case 910..<930: return .punchHole(at: at, count: count)
    case 930..<950: return .zero(at: at, count: count, keepsSize: Bool.random(using: &random))
    case 950..<975: return copy(to: at, count: count, size: size, using: &random)
    case 975..<981: return .directRead(at: rounded(at), count: rounded(count) + block)
    case 981..<987: return .directWrite(at: rounded(at), count: max(block, rounded(count)))
    case 987..<990: return .synchronize(dataOnly: Bool.random(using: &random))
    default: return .reopen
    }
  }

  /// Where to begin: anywhere, or at a boundary of pages, where mistakes are made.
  private static func place(below limit: Int, using random: inout SeededRandom) -> Int {
    let anywhere = Int.random(in: 0..<limit, using: &random)
    return chance(1, of: 4, using: &random) ? rounded(anywhere) : anywhere
  }

  private static func chance(_ count: Int, of all: Int, using random: inout SeededRandom) -> Bool {
    Int.random(in: 0..<all, using: &random) < count
  }

  private static func rounded(_ value: Int) -> Int { value / block * block }

  /// A copy within the file: source and target must not overlap.
  private static func copy(
    to target: Int, count: Int, size: Int, using random: inout SeededRandom
  ) -> Operation {
    let source = Int.random(in: 0...size, using: &random)
    let distance = abs(source - target)
    return .copy(from: source, to: target, count: min(count, distance))
  }

  var description: String {
    switch self {
    case .read(let at, let count): "read \(count) at \(at)"
    case .write(let at, let count): "write \(count) at \(at)"
    case .append(let count): "append \(count)"
    case .truncate(let size): "truncate to \(size)"
    case .mappedRead(let at, let count): "mapped read \(count) at \(at)"
    case .mappedWrite(let at, let count, let synchronizes):
      "mapped write \(count) at \(at)" + (synchronizes ? ", msync" : "")
    case .allocate(let at, let count): "allocate \(count) at \(at)"
    case .reserve(let at, let count): "allocate and keep size \(count) at \(at)"
    case .punchHole(let at, let count): "punch \(count) at \(at)"
    case .zero(let at, let count, let keepsSize):
      "zero \(count) at \(at)" + (keepsSize ? ", keep size" : "")
    case .copy(let source, let target, let count): "copy \(count) from \(source) to \(target)"
    case .directRead(let at, let count): "direct read \(count) at \(at)"
    case .directWrite(let at, let count): "direct write \(count) at \(at)"
    case .synchronize(let dataOnly): dataOnly ? "fdatasync" : "fsync"
    case .reopen: "reopen"
    }
  }
}
