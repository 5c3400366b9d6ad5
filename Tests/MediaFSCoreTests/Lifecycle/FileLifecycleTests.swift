import MediaFSCore
import MediaFSTesting
import Testing

/// What is known of one byte of a file, kept naively.
private enum Byte {
  /// The object has it, nobody here does.
  case absent
  /// As the object has it.
  case base
  /// Only here.
  case local
}

/// A file as an array of bytes, beside the lifecycle that says the same with ranges.
private struct ModelFile {
  /// Small, so that random ranges meet all the time.
  static let space: Int64 = 48

  var random: SeededRandom
  var lifecycle: FileLifecycle
  var bytes: [Byte]
  var fetching: [Range<Int64>] = []
  var pinned: [Range<Int64>] = []
  /// The version that an upload reads, and whether it changed since.
  var upload: Int64?

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    let size = Int64.random(in: 0...Self.space, using: &random)
    bytes = Array(repeating: .absent, count: Int(size))
    lifecycle = FileLifecycle(
      size: size, baseSize: size, present: ByteRangeSet(), version: 1, committedVersion: 1)
  }

  private mutating func range() -> Range<Int64> {
    let low = Int64.random(in: 0..<Self.space, using: &random)
    return low..<Int64.random(in: low...Self.space, using: &random)
  }

  private mutating func change() {
    if lifecycle.needsNewVersion { lifecycle.began(version: lifecycle.version + 1) }
    lifecycle.willChange()
  }

  private func holds(_ offset: Int64, _ kinds: Byte...) -> Bool {
    offset < Int64(bytes.count) && kinds.contains(bytes[Int(offset)])
  }

  mutating func step() {
    switch Int.random(in: 0..<13, using: &random) {
    case 0, 1: beginFetch()
    case 2, 3: arrive()
    case 4: failFetch()
    case 5, 6: write()
    case 7: truncate()
    case 8: evict()
    case 9: pinned.append(range()); if let last = pinned.last { lifecycle.pin(last) }
    case 10: unpin()
    case 11: lifecycle.settled()
    default: if upload == nil { beginUpload() } else { endUpload() }
    }
  }

  private mutating func beginFetch() {
    fetching += lifecycle.beginFetching(range())
  }

  /// A part of a fetch is here: what may be written is, and all of it is told.
  private mutating func arrive() {
    guard let index = fetching.indices.randomElement(using: &random) else { return }
    let range = fetching.remove(at: index)
    let end = Int64.random(in: range.lowerBound...range.upperBound, using: &random)
    let part = range.lowerBound..<end
    for run in lifecycle.acceptable(part) {
      for offset in run { bytes[Int(offset)] = .base }
    }
    lifecycle.arrived(part)
    if end < range.upperBound { fetching.append(end..<range.upperBound) }
  }

  private mutating func failFetch() {
    guard let index = fetching.indices.randomElement(using: &random) else { return }
    lifecycle.endFetching(fetching.remove(at: index))
  }

  private mutating func write() {
    let range = range()
    guard !range.isEmpty else { return }
    change()
    lifecycle.wrote(range)
    while bytes.count < Int(range.upperBound) { bytes.append(.local) }
    for offset in range { bytes[Int(offset)] = .local }
  }

  private mutating func truncate() {
    let size = Int64.random(in: 0...Self.space, using: &random)
    change()
    lifecycle.truncated(to: size)
    bytes = Array(bytes.prefix(Int(size)))
    while bytes.count < Int(size) { bytes.append(.local) }
  }

  private mutating func evict() {
    for run in lifecycle.evictable(in: range()) {
      #expect(lifecycle.evict(run) == Int64(run.count))
      for offset in run { bytes[Int(offset)] = .absent }
    }
  }

  private mutating func unpin() {
    guard let index = pinned.indices.randomElement(using: &random) else { return }
    lifecycle.unpin(pinned.remove(at: index))
  }

  /// As the reconciler does: everything is fetched first, then nothing is the object's any more.
  private mutating func beginUpload() {
    guard lifecycle.isDirty else { return }
    let all = 0..<lifecycle.size
    for run in lifecycle.missing(in: all) {
      lifecycle.arrived(run)
      for offset in run { bytes[Int(offset)] = .base }
    }
    fetching.removeAll { run in
      lifecycle.endFetching(run)
      return true
    }
    lifecycle.detached()
    bytes = bytes.map { _ in .local }
    lifecycle.settled()
    upload = lifecycle.beginUpload()?.version
  }

  private mutating func endUpload() {
    guard let version = upload else { return }
    upload = nil
    guard Bool.random(using: &random) else { return lifecycle.endUpload(committed: nil) }
    lifecycle.endUpload(committed: version)
    if version == lifecycle.version { bytes = bytes.map { _ in .base } }
  }

  /// Throws at the first difference: what follows in the same run only repeats it.
  func check(_ place: Comment) throws {
    let (size, everything) = (Int64(bytes.count), 0..<(Self.space + 8))
    try #require(lifecycle.size == size, place)
    let missing = Set(lifecycle.missing(in: everything).joined())
    let absent = Set(everything.filter { holds($0, .absent) })
    try #require(missing == absent, place)
    try #require(!lifecycle.acceptable(everything).joined().contains { holds($0, .local) }, place)
    try #require(lifecycle.residentBytes == size - Int64(absent.count), place)
    let inFlight = Set(fetching.joined())
    try #require(
      Set(lifecycle.unrequested(in: everything).joined()) == absent.subtracting(inFlight), place)
    let evictable = Set(lifecycle.evictable(in: everything).joined())
    try #require(evictable.allSatisfy { holds($0, .base) }, place)
    for range in pinned where !range.isEmpty {
      try #require(lifecycle.evictable(in: range).isEmpty, place)
    }
    if !lifecycle.isDirty {
      try #require(!bytes.contains(.local), place)
      if lifecycle.isSettled, upload == nil, pinned.isEmpty {
        try #require(evictable.count == bytes.count - absent.count, place)
      }
    }
    try checkState(absent.count, place)
  }

  private func checkState(_ absent: Int, _ place: Comment) throws {
    switch lifecycle.state {
    case .dirty: try #require(lifecycle.isDirty && upload == nil, place)
    case .uploading: try #require(lifecycle.isDirty && upload != nil, place)
    case .cached: try #require(!lifecycle.isDirty && absent == 0, place)
    case .remote: try #require(!lifecycle.isDirty && absent > 0 && absent == bytes.count, place)
    case .partial: try #require(!lifecycle.isDirty && absent > 0 && absent < bytes.count, place)
    }
  }
}

@Suite struct FileLifecycleTests {
  @Test(arguments: UInt64(1)...500)
  func saysOfEveryByteWhatANaiveFileSays(seed: UInt64) throws {
    var file = ModelFile(seed: seed)
    for step in 0..<150 {
      file.step()
      try file.check("seed \(seed), step \(step)")
    }
  }

  private static func clean(size: Int64) -> FileLifecycle {
    FileLifecycle(
      size: size, baseSize: size, present: ByteRangeSet(), version: 1, committedVersion: 1)
  }

  @Test func theCatalogHearsOfTheFirstChangeOnly() {
    var file = Self.clean(size: 10)
    #expect(file.needsNewVersion)
    file.began(version: 2)
    #expect(!file.needsNewVersion)
    file.settled()
    #expect(file.needsNewVersion)
    file.began(version: 3)
    #expect(file.beginUpload() == nil)
    file.settled()
    #expect(file.beginUpload()?.version == 3)
    #expect(file.needsNewVersion)
    file.began(version: 4)
    #expect(!file.needsNewVersion)
  }

  /// What a change makes untrue of what is known, should the knowledge of it be lost.
  @Test func aChangeTouchesWhatIsClaimedOfTheContent() {
    var file = FileLifecycle(
      size: 3 << 20, baseSize: 3 << 20, present: ByteRangeSet(), version: 1, committedVersion: 1)
    let range: Range<Int64> = 0..<10
    #expect(file.claim(changing: file.unmarked(in: range)) == .nothing)
    file.arrived(range)
    #expect(file.claim(changing: file.unmarked(in: range)) == .object)
    file.began(version: 2)
    file.marked(file.unmarked(in: range))
    file.settled()
    // The same block again is known to be changed; another one is not.
    #expect(file.claim(changing: file.unmarked(in: range)) == .nothing)
    let other: Range<Int64> = 2 << 20..<2 << 20 + 10
    #expect(file.claim(changing: file.unmarked(in: other)) == .version)
    _ = file.beginUpload()
    #expect(file.claim(changing: []) == .version)
    file.began(version: 3)
    #expect(file.claim(changing: []) == .nothing)
    // Of an earlier daemon nobody knows what it has sent.
    let later = FileLifecycle(
      size: 3 << 20, baseSize: 3 << 20, present: ByteRangeSet(range), version: 3,
      committedVersion: 1)
    #expect(later.claim(changing: []) == .version)
  }

  @Test func aChangeDuringAnUploadKeepsTheFileDirty() {
    var file = FileLifecycle(
      size: 4, baseSize: 0, present: ByteRangeSet(), version: 2, committedVersion: 1)
    #expect(file.beginUpload()?.version == 2)
    file.began(version: 3)
    file.wrote(0..<2)
    file.endUpload(committed: 2)
    #expect(file.isDirty && file.state == .dirty && file.committedVersion == 2)
    file.settled()
    #expect(file.evictable(in: 0..<4).isEmpty)
  }

  @Test func aWriteBehindTheEndLeavesZerosNotTheObjectsBytes() {
    var file = Self.clean(size: 10)
    file.began(version: 2)
    file.truncated(to: 4)
    file.wrote(8..<9)
    #expect(file.size == 9)
    #expect(file.missing(in: 0..<9) == [0..<4])
    #expect(file.residentBytes == 5)
  }

  @Test func severalReadersOfOneRangeAreSeveralPins() {
    var file = Self.clean(size: 10)
    file.arrived(0..<10)
    file.pin(2..<4)
    file.pin(2..<4)
    file.unpin(2..<4)
    #expect(file.evictable(in: 0..<10).isEmpty)
    #expect(file.evictable(in: 4..<10) == [4..<10])
    file.unpin(2..<4)
    #expect(file.evictable(in: 0..<10) == [0..<10])
  }
}

@Suite struct CopiedContentTests {
  private func lifecycle(size: Int64) -> FileLifecycle {
    FileLifecycle(
      size: size, baseSize: 0, present: ByteRangeSet(), version: 1, committedVersion: 0)
  }

  @Test func aKnownCopyNeedsANewVersionForItsNextChange() {
    var file = lifecycle(size: 10)
    file.began(version: 2)
    #expect(!file.needsNewVersion)
    file.becameCopy()
    #expect(file.needsNewVersion)
    file.began(version: 3)
    #expect(!file.needsNewVersion)
  }

  @Test func anAdoptedObjectIsThereAndNotHere() {
    var file = lifecycle(size: 0)
    file.adopted(size: 100, version: 5)
    #expect(file.size == 100)
    #expect(!file.isDirty)
    #expect(file.residentBytes == 0)
    #expect(file.missing(in: 0..<200) == [0..<100])
    #expect(file.state == .remote)
  }
}
