import CLinux
import Glibc
import MediaFSTesting

/// A file, and the buffer that says what must be in it.
final class Exerciser {
  private let file: TargetFile
  private let arguments: Arguments
  private var random: SeededRandom
  /// What the file holds, and zeros from `size` to the limit.
  private let reference: AlignedBytes
  /// Where reads go.
  private let scratch: AlignedBytes
  /// Random bytes that writes take theirs from, at an offset of their own each time.
  private let material: AlignedBytes
  private(set) var size = 0
  private var log: [String] = []

  /// How many operations are printed when something is wrong.
  private static let logLimit = 25
  /// The size is asked for every so many operations. More often would hide a wrong one: a read at
  /// the end goes by the size that was told last.
  private static let sizeInterval = 20
  /// All of the file is compared every so many operations.
  private static let checkInterval = 500

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    random = SeededRandom(seed: arguments.seed)
    let limit = arguments.sizeLimit / Operation.block * Operation.block
    guard limit >= Operation.block else { throw Mismatch("--size is less than a block") }
    reference = AlignedBytes(count: limit)
    scratch = AlignedBytes(count: limit + Operation.block)
    material = AlignedBytes(count: 2 * limit)
    file = try TargetFile(arguments.file, keeps: arguments.keeps)
    let words = unsafe material[0..<2 * limit]
    for index in stride(from: 0, to: 2 * limit, by: 8) {
      unsafe words.storeBytes(of: random.next(), toByteOffset: index, as: UInt64.self)
    }
    if arguments.keeps { try beginWithExpected() }
  }

  private func beginWithExpected() throws {
    let original = try TargetFile(arguments.expected, keeps: true)
    size = try original.size()
    guard size <= reference.count else { throw Mismatch("\(arguments.expected) is over --size") }
    guard try unsafe original.read(into: reference[0..<size], at: 0) == size else {
      throw Mismatch("\(arguments.expected) was not read whole")
    }
  }

  func run() throws {
    for number in 1...arguments.operations {
      let operation = Operation.random(
        size: size, limit: reference.count, maps: arguments.maps, keeps: arguments.keeps,
        using: &random)
      if log.count == Self.logLimit { log.removeFirst() }
      log.append("\(number). \(operation), size \(size)")
      do {
        try perform(operation)
        if number % Self.sizeInterval == 0 { try checkSize() }
        if number % Self.checkInterval == 0 { try checkRead(at: 0, count: size) }
      } catch {
        throw Mismatch("\(error)\n" + log.joined(separator: "\n"))
      }
    }
    try file.reopen()
    try checkSize()
    try checkRead(at: 0, count: size)
    try leaveExpected()
  }

  private func perform(_ operation: Operation) throws {
    switch operation {
    case .read(let at, let count): try checkRead(at: at, count: count)
    case .write(let at, let count): try write(at: at, count: count)
    case .append(let count): if count > 0 { try write(at: size, count: count) }
    case .truncate(let size): try truncate(to: size)
    case .mappedRead(let at, let count): try checkMapped(at: at, count: count)
    case .mappedWrite(let at, let count, let synchronizes):
      try writeMapped(at: at, count: count, synchronizes: synchronizes)
    case .allocate(let at, let count):
      try file.allocate(0, at: at, count: count)
      size = max(size, at + count)
    case .reserve(let at, let count): try file.allocate(FALLOC_FL_KEEP_SIZE, at: at, count: count)
    case .punchHole(let at, let count):
      try file.allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at: at, count: count)
      clear(from: at, to: min(at + count, size))
    case .zero(let at, let count, let keepsSize):
      let mode = FALLOC_FL_ZERO_RANGE | (keepsSize ? FALLOC_FL_KEEP_SIZE : 0)
      try file.allocate(mode, at: at, count: count)
      if !keepsSize { size = max(size, at + count) }
      clear(from: at, to: min(at + count, size))
    case .copy(let source, let target, let count): try copy(source, target, count)
    case .directRead(let at, let count): try checkDirect(at: at, count: count)
    case .directWrite(let at, let count): try writeDirect(at: at, count: count)
    case .synchronize(let dataOnly): try file.synchronize(dataOnly: dataOnly)
    case .reopen: try file.reopen()
    }
  }
}

// MARK: - Changes

extension Exerciser {
  /// New bytes for a range of the reference.
  private func renew(at offset: Int, count: Int) -> UnsafeRawBufferPointer {
    let start = Int.random(in: 0...(material.count - count), using: &random)
    reference.copy(material, start..<start + count, to: offset)
    size = max(size, offset + count)
    return unsafe UnsafeRawBufferPointer(reference[offset..<offset + count])
  }

  /// Bytes behind the end must be zeros, for growth to uncover them.
  private func clear(from start: Int, to end: Int) {
    if start < end { reference.clear(start..<end) }
  }

  private func write(at offset: Int, count: Int) throws {
    try unsafe file.write(renew(at: offset, count: count), at: offset)
  }

  private func writeDirect(at offset: Int, count: Int) throws {
    let count = min(count, reference.count - offset)
    guard count > 0 else { return }
    try unsafe file.writeDirectly(renew(at: offset, count: count), at: offset)
  }

  private func truncate(to newSize: Int) throws {
    try file.truncate(to: newSize)
    clear(from: newSize, to: size)
    size = newSize
  }

  private func writeMapped(at offset: Int, count: Int, synchronizes: Bool) throws {
    // A mapping reaches to the end of the file; what lies behind is another operation's.
    if offset + count > size { try file.truncate(to: offset + count) }
    let bytes = unsafe renew(at: offset, count: count)
    try unsafe file.withMapping(at: offset, count: count, synchronizes: synchronizes) { pages in
      unsafe pages.copyMemory(from: bytes)
    }
  }

  private func copy(_ source: Int, _ target: Int, _ count: Int) throws {
    let count = min(count, size - source)
    guard count > 0 else { return }
    try file.copy(from: source, to: target, count: count)
    reference.copy(reference, source..<source + count, to: target)
    size = max(size, target + count)
  }
}

// MARK: - Comparisons

extension Exerciser {
  private func checkSize() throws {
    let found = try file.size()
    guard found == size else { throw Mismatch("the size is \(found), not \(size)") }
  }

  private func checkRead(at offset: Int, count: Int) throws {
    let found = try unsafe file.read(into: scratch[0..<count], at: offset)
    try unsafe compare(UnsafeRawBufferPointer(scratch[0..<found]), offset, count, "read")
  }

  private func checkDirect(at offset: Int, count: Int) throws {
    let found = try unsafe file.readDirectly(into: scratch[0..<count], at: offset)
    try unsafe compare(UnsafeRawBufferPointer(scratch[0..<found]), offset, count, "O_DIRECT")
  }

  private func checkMapped(at offset: Int, count: Int) throws {
    let count = min(count, size - offset)
    guard count > 0 else { return }
    try unsafe file.withMapping(at: offset, count: count, synchronizes: false) { pages in
      try unsafe compare(UnsafeRawBufferPointer(pages), offset, count, "a mapping")
    }
  }

  /// What a read of `count` bytes at an offset has given, against the reference.
  private func compare(
    _ found: UnsafeRawBufferPointer, _ offset: Int, _ count: Int, _ how: String
  ) throws {
    let wanted = max(0, min(count, size - offset))
    guard found.count == wanted else {
      throw Mismatch("\(how) gave \(found.count) bytes at \(offset), not \(wanted)")
    }
    guard wanted > 0 else { return }
    let expected = unsafe UnsafeRawBufferPointer(reference[offset..<offset + wanted])
    guard let one = found.baseAddress, let other = expected.baseAddress,
      unsafe memcmp(one, other, wanted) != 0
    else { return }
    let wrong = (0..<wanted).filter { unsafe found[$0] != expected[$0] }
    let first = wrong[0]
    throw unsafe Mismatch(
      "\(how) gave \(found[first]) at \(offset + first), not \(expected[first]); "
        + "\(wrong.count) of \(wanted) bytes from \(offset) differ")
  }

  private func leaveExpected() throws {
    let copy = try TargetFile(arguments.expected)
    try unsafe copy.write(UnsafeRawBufferPointer(reference[0..<size]), at: 0)
  }
}
