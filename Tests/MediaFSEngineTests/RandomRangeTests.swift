import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Random changes of ranges, evictions, uploads and crashes on two files, against two arrays.
@Suite struct RandomRangeTests {
  private static let names = ["a", "b"]
  private static let limit: Int64 = 300_000

  private let fs: TestVolume
  private var random: SeededRandom
  private var model: [String: [UInt8]] = [:]
  private var handles: [String: FileHandle] = [:]

  private init(seed: UInt64) throws {
    random = SeededRandom(seed: seed)
    fs = try TestVolume()
  }

  init() throws {
    try self.init(seed: 0)
  }

  @Test(arguments: UInt64(1)...12)
  func filesAndObjectsEqualTheModel(seed: UInt64) async throws {
    var test = try Self(seed: seed)
    try await test.run("seed \(seed)")
  }

  private mutating func run(_ seed: String) async throws {
    model["a"] = TestVolume.pattern(Int.random(in: 1...200_000, using: &random))
    model["b"] = []
    _ = try await fs.store.put(
      ObjectKey("ns/a"), BytesSource(model["a"] ?? []), headers: ObjectHeaders(), condition: .none)
    try await fs.write("b", [])
    try await reopen()
    for step in 0..<40 {
      let kind = Int.random(in: 0..<14, using: &random)
      let place: Comment = "\(seed), step \(step), operation \(kind)"
      try await perform(kind)
      try await check(place)
    }
    for handle in handles.values { fs.volume.release(handle) }
    fs.volume.setPaused(false)
    try await fs.drain()
    let objects = try await fs.objects()
    for name in Self.names {
      #expect(objects["ns/" + name] == model[name], "\(seed), object \(name)")
    }
    #expect(objects.count == 2, "\(seed): \(objects.keys.sorted())")
    let used = fs.volume.context.space.account.used
    #expect(try fs.volume.context.catalog.usage() == used, "\(seed)")
  }

  private mutating func reopen() async throws {
    for name in Self.names { handles[name] = try await fs.open(name, [.read, .write]) }
  }

  private func handle(_ name: String) throws -> FileHandle {
    try #require(handles[name])
  }

  private mutating func range() -> Range<Int64> {
    let start = Int64.random(in: 0..<Self.limit, using: &random)
    return start..<min(Self.limit, start + Int64.random(in: 1...100_000, using: &random))
  }

  private mutating func perform(_ kind: Int) async throws {
    let name = Self.names.randomElement(using: &random) ?? "a"
    let (range, handle) = (self.range(), try handle(name))
    let zeros = [UInt8](repeating: 0, count: range.count)
    switch kind {
    case 0, 1:
      let bytes = (0..<range.count).map { _ in UInt8.random(in: 1...255, using: &random) }
      try fs.write(bytes, at: range.lowerBound, to: handle)
      put(bytes, at: range.lowerBound, in: name, keepsSize: false)
    case 2, 3:
      try fs.volume.allocate(handle, range, .punchHole)
      put(zeros, at: range.lowerBound, in: name, keepsSize: true)
    case 4:
      let keepsSize = Bool.random(using: &random)
      try fs.volume.allocate(handle, range, .zero(keepingSize: keepsSize))
      put(zeros, at: range.lowerBound, in: name, keepsSize: keepsSize)
    case 5:
      let keepsSize = Bool.random(using: &random)
      try fs.volume.allocate(handle, range, .reserve(keepingSize: keepsSize))
      if !keepsSize { grow(name, to: Int(range.upperBound)) }
    case 6: try await truncate(name, to: Bool.random(using: &random) ? range.lowerBound : 0)
    case 7, 8: try await copy(range, from: name)
    case 9: try await copyWhole(from: name)
    case 10: try evict(name)
    case 11:
      try await fs.crash()
      try await reopen()
    case 12: fs.volume.setPaused(Bool.random(using: &random))
    default: if !fs.volume.reconciler.isPaused { try await fs.drain() }
    }
  }

  // MARK: The same on the arrays

  private mutating func grow(_ name: String, to size: Int) {
    let missing = size - (model[name]?.count ?? 0)
    if missing > 0 { model[name]?.append(contentsOf: repeatElement(0, count: missing)) }
  }

  private mutating func put(_ bytes: [UInt8], at offset: Int64, in name: String, keepsSize: Bool) {
    if !keepsSize { grow(name, to: Int(offset) + bytes.count) }
    let size = model[name]?.count ?? 0
    let inside = (Int(offset)..<Int(offset) + bytes.count).clamped(to: 0..<size)
    if Int(offset) < size { model[name]?.replaceSubrange(inside, with: bytes.prefix(inside.count)) }
  }

  private mutating func truncate(_ name: String, to size: Int64) async throws {
    _ = try await fs.volume.setAttributes(
      of: fs.inode(name), AttributeChanges(size: size), handle: nil)
    model[name] = Array((model[name] ?? []).prefix(Int(size)))
    grow(name, to: Int(size))
  }

  private mutating func copy(_ range: Range<Int64>, from name: String) async throws {
    let other = name == "a" ? "b" : "a"
    let offset = Int64.random(in: 0..<Self.limit / 2, using: &random)
    let copied = try await fs.volume.copyRange(
      from: handle(name), at: range.lowerBound, to: handle(other), at: offset,
      count: Int64(range.count))
    let bytes = (model[name] ?? []).dropFirst(Int(range.lowerBound)).prefix(range.count)
    #expect(copied <= bytes.count && (copied > 0 || bytes.isEmpty))
    if copied > 0 { put(Array(bytes.prefix(Int(copied))), at: offset, in: other, keepsSize: false) }
  }

  /// What cp(1) does.
  private mutating func copyWhole(from name: String) async throws {
    let other = name == "a" ? "b" : "a"
    try await truncate(other, to: 0)
    var done: Int64 = 0
    while true {
      let count = try await fs.volume.copyRange(
        from: handle(name), at: done, to: handle(other), at: done, count: .max)
      if count == 0 { break }
      done += count
    }
    model[other] = model[name]
    if Bool.random(using: &random) { try await fs.volume.flush(handle(other)) }
  }

  private func evict(_ name: String) throws {
    let context = fs.volume.context
    guard let inode = try context.catalog.child(TestVolume.name(name), of: .root)?.number else {
      return
    }
    let content = try context.registry.acquire(inode, asHandle: false)
    defer { _ = context.registry.release(content, asHandle: false) }
    let segment = Segment(content: content.number, index: 0)
    let dropped = try content.evict(
      segment, context.catalog, now: context.environment.now())
    if let dropped { try content.punch(dropped.runs) }
    let freed = dropped?.freed
    context.account(freed ?? 0)
  }

  private mutating func check(_ place: Comment) async throws {
    for name in Self.names {
      let bytes = model[name] ?? []
      try #require(try await fs.attributes(name).size == Int64(bytes.count), place)
      // Now and then, and not all: what is not asked for stays away.
      guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
      let range = self.range()
      let read = try await fs.volume.read(
        handle(name), at: range.lowerBound, count: range.count)
      let expected = bytes.dropFirst(Int(range.lowerBound)).prefix(range.count)
      try #require(read.elementsEqual(expected), place)
    }
  }
}

extension VolumeContext {
  fileprivate func account(_ freed: Int64) { space.release(freed) }
}
