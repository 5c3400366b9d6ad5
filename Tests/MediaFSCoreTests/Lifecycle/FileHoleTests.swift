import MediaFSCore
import MediaFSTesting
import Testing

/// A file as an array of blocks, each with room on the disk or without, beside the lifecycle.
private struct BlockFile {
  private static let block = FileLifecycle.diskBlock
  private static let count: Int64 = 24

  var random: SeededRandom
  var lifecycle: FileLifecycle
  /// Of the blocks that are here: whether the disk has room for them; `nil` for those that are not
  /// here. A part of a block at the end is here as a whole, and has room.
  var blocks: [Bool?]

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    let size = Int64.random(in: 0...Self.count, using: &random)
    blocks = Array(repeating: nil, count: Int(size))
    lifecycle = FileLifecycle(
      size: size * Self.block, baseSize: size * Self.block, present: ByteRangeSet(), version: 1,
      committedVersion: 1)
  }

  private mutating func place() -> Range<Int64> {
    let low = Int64.random(in: 0..<Self.count, using: &random)
    return low..<Int64.random(in: low + 1...Self.count, using: &random)
  }

  private static func bytes(_ place: Range<Int64>) -> Range<Int64> {
    place.lowerBound * block..<place.upperBound * block
  }

  /// A range that covers just these blocks, the first and the last of them in part perhaps.
  private mutating func bytes(within place: Range<Int64>) -> Range<Int64> {
    let whole = Self.bytes(place)
    let low = whole.lowerBound + Int64.random(in: 0..<Self.block / 2, using: &random)
    return low..<whole.upperBound - Int64.random(in: 0..<Self.block / 2, using: &random)
  }

  mutating func step() throws {
    let place = place()
    switch Int.random(in: 0..<6, using: &random) {
    case 0: try write(place)
    case 1: try clear(place)
    case 2: truncate(to: place.lowerBound)
    case 3: fetch(place)
    case 4: evict(place)
    default: lifecycle.fill(bytes(within: place).clamped(to: 0..<lifecycle.size)); fill(place)
    }
  }

  private mutating func change(_ range: Range<Int64>, leaving zeros: [Range<Int64>]) throws {
    let before = lifecycle.residentBytes
    let growth = lifecycle.growth(writing: range, leaving: zeros)
    lifecycle.wrote(range, leaving: zeros)
    try #require(growth == max(0, lifecycle.residentBytes - before))
  }

  private mutating func grow(to count: Int64, with room: Bool) {
    while blocks.count < Int(count) { blocks.append(room) }
  }

  private mutating func fill(_ place: Range<Int64>) {
    for index in place where index < blocks.count && blocks[Int(index)] == false {
      blocks[Int(index)] = true
    }
  }

  /// Whole blocks: what lies around a part of a block that is not here is the object's.
  private mutating func write(_ place: Range<Int64>) throws {
    try change(Self.bytes(place), leaving: [])
    grow(to: place.lowerBound, with: false)
    grow(to: place.upperBound, with: true)
    for index in place { blocks[Int(index)] = true }
  }

  private mutating func clear(_ place: Range<Int64>) throws {
    try change(Self.bytes(place), leaving: [Self.bytes(place)])
    grow(to: place.upperBound, with: false)
    for index in place { blocks[Int(index)] = false }
  }

  private mutating func truncate(to count: Int64) {
    lifecycle.truncated(to: count * Self.block)
    blocks = Array(blocks.prefix(Int(count)))
    grow(to: count, with: false)
  }

  private mutating func fetch(_ place: Range<Int64>) {
    for run in lifecycle.beginFetching(Self.bytes(place)) { lifecycle.arrived(run) }
    for index in place where index < blocks.count && blocks[Int(index)] == nil {
      blocks[Int(index)] = true
    }
  }

  private mutating func evict(_ place: Range<Int64>) {
    lifecycle.settled()
    for run in lifecycle.evictable(in: Self.bytes(place)) {
      let first = Int(run.lowerBound / Self.block)
      let end = Int(run.upperBound / Self.block)
      let room = blocks[first..<end].count { $0 == true }
      #expect(lifecycle.evict(run) == Int64(room) * Self.block)
      for index in first..<end { blocks[index] = nil }
    }
  }

  func check(_ place: Comment) throws {
    let room = Int64(blocks.count { $0 == true }) * Self.block
    try #require(lifecycle.residentBytes == room, place)
    for (index, block) in blocks.enumerated() {
      let start = Int64(index) * Self.block
      try #require(lifecycle.holes.contains(start) == (block == false), place)
      try #require(lifecycle.missing(in: start..<start + 1).isEmpty == (block != nil), place)
    }
    // The disk tells the same, had it to be asked.
    let data = blocks.enumerated().filter { $0.element == true }.map { index, _ in
      Int64(index) * Self.block..<Int64(index + 1) * Self.block
    }
    let told = FileLifecycle.holes(
      size: lifecycle.size, baseSize: lifecycle.baseSize, present: lifecycle.present, data: data)
    try #require(told == lifecycle.holes, place)
  }
}

@Suite struct FileHoleTests {
  private static let block = FileLifecycle.diskBlock

  @Test(arguments: UInt64(1)...300)
  func everyBlockCountsThatHasRoom(seed: UInt64) throws {
    var file = BlockFile(seed: seed)
    for step in 0..<60 {
      try file.step()
      try file.check("seed \(seed), step \(step)")
    }
  }

  /// Beside a list of bytes, in three blocks of which the object has some.
  @Test(arguments: UInt64(1)...300)
  func aBlockIsFilledUpThatHeldSomeAlready(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    func place(_ end: Int64) -> Range<Int64> {
      let offsets = [0, 1, Self.block, 2 * Self.block, end].filter { $0 <= end }
      let (a, b) = (
        offsets.randomElement(using: &random) ?? 0, Int64.random(in: 0...end, using: &random)
      )
      return min(a, b)..<max(a, b)
    }
    let base = Int64.random(in: 0...3 * Self.block, using: &random)
    let size = Bool.random(using: &random) ? base : base + 2 * Self.block
    var present = ByteRangeSet()
    for _ in 0..<Int.random(in: 0...2, using: &random) { present.insert(place(base)) }
    let file = FileLifecycle(
      size: size, baseSize: base, present: present, version: 2, committedVersion: 1)
    for _ in 0..<20 {
      let range = place(size)
      let isHere = (0..<size).map { $0 >= base || present.contains($0) }
      let fills = stride(from: 0, to: size, by: Int(Self.block)).contains { start in
        let block = start..<min(start + Self.block, size)
        return block.contains { isHere[Int($0)] }
          && block.contains { !isHere[Int($0)] && range.contains($0) }
      }
      try #require(file.fillsUp(range) == fills, "\(range) of \(file), seed \(seed)")
    }
  }

  private static func empty() -> FileLifecycle {
    FileLifecycle(size: 0, baseSize: 0, present: ByteRangeSet(), version: 1, committedVersion: 0)
  }

  @Test func aTebibyteOfNothingTakesNoRoom() {
    var file = Self.empty()
    file.truncated(to: 1 << 40)
    #expect(file.residentBytes == 0)
    #expect(file.growth(writing: (1 << 41)..<(1 << 41) + 1, leaving: []) == 1)
    file.wrote((1 << 41)..<(1 << 41) + 1)
    #expect(file.residentBytes == 1)
    // A byte in a hole takes a block.
    file.wrote(1 << 30..<(1 << 30) + 1)
    #expect(file.residentBytes == 1 + Self.block)
    file.truncated(to: 1 << 30)
    #expect(file.residentBytes == 0)
  }

  @Test func partsOfBlocksAreNoHoles() {
    var file = Self.empty()
    file.wrote(0..<3 * Self.block)
    file.wrote(1..<2 * Self.block - 1, leaving: [1..<2 * Self.block - 1])
    #expect(file.residentBytes == 3 * Self.block)
    file.wrote(1..<2 * Self.block, leaving: [1..<2 * Self.block])
    #expect(file.residentBytes == 2 * Self.block)
    // What was a hole stays one when a part of it is cleared again.
    file.wrote(Self.block + 5..<Self.block + 9, leaving: [Self.block + 5..<Self.block + 9])
    #expect(file.residentBytes == 2 * Self.block)
    file.truncated(to: Self.block + 7)
    #expect(file.residentBytes == Self.block)
  }

  @Test func theLargestOffsetsAreNoTrap() {
    #expect(FileLifecycle.blocks(around: Int64.max - 5..<Int64.max).upperBound == .max)
    #expect(FileLifecycle.blocks(inside: Int64.max - 5..<Int64.max).isEmpty)
    #expect(FileLifecycle.blocks(inside: 0..<Int64.max).upperBound % Self.block == 0)
  }
}
