import MediaFSCache
@testable import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import PosixIO
import SystemPackage
import Testing

/// A catalog that is damaged is made anew: no byte that was acknowledged and not uploaded is lost,
/// and no file shows bytes that are not its.
@Suite struct RestorationTests {
  /// What happens to the database while nobody has it open.
  enum Damage: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case header, everyPage, cut, emptied, removed

    var testDescription: String { rawValue }

    func strike(_ path: FilePath) throws {
      let size = try FileTree.linkStatus(of: path).size
      if self == .removed { return try FileTree.unlink(path) }
      let file = try OwnedDescriptor(opening: path, .readWrite)
      let garbage = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
      switch self {
      case .header: try file.write(Array(garbage.prefix(100)), at: 0)
      case .everyPage:
        for page in 1..<size / 4_096 { try file.write(garbage, at: page * 4_096) }
      case .cut: try file.truncate(to: size / 2 / 4_096 * 4_096)
      case .emptied: try file.truncate(to: 0)
      case .removed: break
      }
    }
  }

  private static func quarantine(_ fs: TestVolume) throws -> [String] {
    try FileTree.names(in: fs.directory.appending("quarantine")).sorted()
  }

  private static func database(_ fs: TestVolume) -> FilePath {
    fs.directory.appending("catalog.sqlite")
  }

  /// Ends the daemon as it should, so that all is in the database.
  private static func restart(_ fs: TestVolume, after damage: Damage) async throws {
    await fs.stop()
    try damage.strike(database(fs))
    try await fs.crash()
  }

  @Test(arguments: Damage.allCases) func whatIsDirtyIsUploaded(after damage: Damage) async throws {
    let fs = try TestVolume()
    try await fs.makeDirectory("d")
    try await fs.write("clean", to: "d/clean")
    try await fs.write("one", to: "d/changed")
    try await fs.drain()
    fs.options.uploadEnabled = false
    fs.volume.setPaused(true)
    try await fs.write("two", to: "d/changed")
    try await fs.makeDirectory("d/e")
    try await fs.write("d/e/new", TestVolume.pattern(3 << 20))
    try await fs.write("gone", to: "gone")
    try await fs.unlink("gone")
    fs.options.uploadEnabled = true
    try await Self.restart(fs, after: damage)
    #expect(try await fs.read("d/e/new") == TestVolume.pattern(3 << 20))
    #expect(try await fs.read("d/changed") == Array("two".utf8))
    #expect(try await fs.read("d/clean") == Array("clean".utf8))
    #expect(try await fs.names() == ["d"])
    try await fs.drain()
    let objects = try await fs.objects()
    #expect(objects["ns/d/e/new"] == TestVolume.pattern(3 << 20))
    #expect(objects["ns/d/changed"] == Array("two".utf8))
    #expect(objects.count { !$0.key.hasSuffix("/") } == 3, "\(objects.keys)")
    let set = damage == .removed || damage == .emptied ? 0 : 1
    let names = try Self.quarantine(fs)
    #expect(names.filter { $0.hasPrefix("catalog ") }.count == set, "\(names)")
    #expect(try fs.volume.status().quarantine.files == set)
    #expect(try Inspector(context: fs.volume.context).violations() == [])
  }

  /// Changed by somebody else meanwhile: as in any conflict, both versions survive.
  @Test func whatSomebodyElseHasChangedSurvives() async throws {
    let fs = try TestVolume()
    try await fs.write("base", to: "f")
    try await fs.drain()
    fs.options.uploadEnabled = false
    fs.volume.setPaused(true)
    try await fs.write("mine", to: "f")
    try await fs.write("also mine", to: "g")
    for key in ["ns/f", "ns/g"] {
      _ = try await fs.store.put(
        ObjectKey(key), BytesSource(Array("theirs".utf8)), headers: ObjectHeaders(),
        condition: .none)
    }
    fs.options.uploadEnabled = true
    try await Self.restart(fs, after: .header)
    try await fs.drain()
    let texts = try await fs.files()
    #expect(texts.values.sorted() == ["also mine", "mine", "theirs", "theirs"], "\(texts)")
  }

  /// A file follows its name, and that of the directories above it.
  @Test func aRenamedFileComesBackUnderItsLastName() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.makeDirectory("d")
    try await fs.write("one", to: "d/.tmp")
    try await fs.rename("d/.tmp", to: "d/final")
    try await fs.write("two", to: "d/other")
    try await fs.rename("d", to: "e")
    fs.options.uploadEnabled = true
    try labelsFollow(FileName("e"), fs)
    try await Self.restart(fs, after: .header)
    try await fs.drain()
    #expect(try await fs.files() == ["ns/e/final": "one", "ns/e/other": "two"])
  }

  /// Those of a directory follow behind it.
  private func labelsFollow(_ directory: FileName?, _ fs: TestVolume) throws {
    let disk = fs.volume.context.disk
    try eventually("labels that follow", within: .seconds(30)) {
      try (0..<256).flatMap { try disk.contents(ofBucket: $0) }.allSatisfy {
        try disk.open($0).label()?.place?.path.first == directory
      }
    }
  }

  @Test func labelsGoOnFollowingAfterAnEnd() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.makeDirectory("d")
    try await fs.write("one", to: "d/f")
    try labelsFollow(FileName("d"), fs)
    // As if there were so many that the volume ends first.
    await fs.volume.relabelling.stop()
    try await fs.rename("d", to: "e")
    await fs.stop()
    try await fs.crash()
    try labelsFollow(FileName("e"), fs)
    // Nothing is left for the next time.
    await fs.stop()
    try await fs.crash()
    #expect(try fs.volume.context.catalog.note("labels") == "")
  }

  /// Only the catalog knew which bytes of the file were changed: what there is of it stays here.
  @Test func aPatchOfWhatIsNotHereIsSetAside() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    let old = [UInt8](repeating: 1, count: 3 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/f"), BytesSource(old), headers: ObjectHeaders(), condition: .none)
    let handle = try await fs.open("f", [.read, .write])
    try fs.write([9, 9, 9], at: 1 << 20, to: handle)
    fs.volume.release(handle)
    fs.options.uploadEnabled = true
    try await Self.restart(fs, after: .header)
    #expect(try await fs.read("f") == old)
    try await fs.drain()
    #expect(try await fs.objects()["ns/f"] == old)
    let names = try Self.quarantine(fs)
    #expect(names.count == 2, "\(names)")
  }

  /// Gaps of a file are its own, unless the host has lost power: then they may be what it lost.
  @Test(arguments: [false, true]) func whatAPowerCutMayHaveTakenIsSetAside(
    powerCut: Bool
  ) async throws {
    let fs = try TestVolume { $0.boot = "first" }
    for name in ["gap", "end", "whole"] { try await fs.write("in the store", to: name) }
    try await fs.drain()
    fs.options.uploadEnabled = false
    try await fs.crash()
    let bytes = TestVolume.pattern(64 << 10)
    for name in ["gap", "end", "whole"] { try await fs.write(name, bytes) }
    let context = fs.volume.context
    for (name, lost) in [("gap", 8 << 10..<16 << 10), ("end", (64 << 10) - 9..<64 << 10)] {
      let record = try #require(try context.catalog.inode(try await fs.inode(name)))
      let range = Int64(lost.lowerBound)..<Int64(lost.upperBound)
      try context.disk.open(record.content).clear(range)
    }
    fs.options.uploadEnabled = true
    if powerCut { fs.options.boot = "second" }
    try await Self.restart(fs, after: .header)
    try await fs.drain()
    let objects = try await fs.objects()
    #expect(objects["ns/whole"] == bytes)
    for name in ["gap", "end"] {
      #expect((objects["ns/\(name)"] == Array("in the store".utf8)) == powerCut, "\(name)")
    }
    #expect(try Self.quarantine(fs).count == (powerCut ? 3 : 1))
  }

  /// What is put back has to be on disk before the new catalog counts: it does not say what is not.
  @Test func nothingCountsThatADiskDoesNotKeep() async throws {
    let faults = UnreadableDisk.Faults()
    let fs = try TestVolume(faults: faults) { $0.uploadEnabled = false }
    try await fs.write("mine", to: "f")
    await fs.stop()
    try Damage.header.strike(Self.database(fs))
    faults.failSynchronization(true)
    await #expect(throws: FileSystemError.self) { try await fs.crash() }
    faults.failSynchronization(false)
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "mine"])
  }

  /// The daemon died in the middle of it, at each of its steps.
  @Test(arguments: 0..<3) func whatWasCutOffIsDoneAgain(step: Int) async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("mine", to: "f")
    await fs.stop()
    let files = CatalogFiles(state: fs.directory)
    try files.condemn("a test says so", at: .epoch)
    if step > 0 { _ = try files.setAside() }
    if step > 1 {
      // Half of a new one.
      try files.create(files.unfinished)
      try OwnedDescriptor(opening: files.unfinished, .readWrite).write([1, 2, 3], at: 0)
    }
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "mine"])
    let names = try Self.quarantine(fs)
    #expect(names.count == 1, "\(names)")
    #expect(try files.damage() == nil)
  }

  /// Found while it runs: nothing is answered on its word any more, and the next start mends it.
  @Test func damageThatIsFoundLaterEndsAllAnswers() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("mine", to: "f")
    // A table that nobody asks at the start.
    let page = try fs.volume.context.catalog.read {
      try $0.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'alias'")
    }
    await fs.stop()
    try OwnedDescriptor(opening: Self.database(fs), .readWrite)
      .write([UInt8](repeating: 0xA5, count: 4_096), at: (try #require(page) - 1) * 4_096)
    try await fs.crash()
    let files = CatalogFiles(state: fs.directory)
    try eventually("what is wrong", within: .seconds(30)) { try files.damage() != nil }
    let catalog = fs.volume.context.catalog
    try eventually("the end of answers", within: .seconds(30)) {
      (try? catalog.refuseIfDamaged()) == nil
    }
    let error = await #expect(throws: FileSystemError.self) { try await fs.read("f") }
    #expect(error?.errno == .ioError && error?.message.contains("mount again") == true)
    #expect(throws: FileSystemError.self) { try fs.volume.status() }
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "mine"])
  }

  @Test func theBytesOfAnotherSourceGoNowhere() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("mine", to: "f")
    await fs.stop()
    try Damage.header.strike(Self.database(fs))
    fs.options.source = "another"
    await #expect(throws: FileSystemError.self) { try await fs.crash() }
    fs.options.source = "memory"
    fs.options.uploadEnabled = true
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/f": "mine"])
  }
}
