import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Two hosts at the same keys, one a moment later than the other.
@Suite(.timeLimit(.minutes(1))) struct LostRaceTests {
  private func put(_ text: String, at key: String, of fs: TestVolume) async throws {
    _ = try await fs.store.put(
      ObjectKey(key), BytesSource(Array(text.utf8)), headers: ObjectHeaders(), condition: .none)
  }

  /// A file that nobody has read gives its name to another one, while somebody else deletes or
  /// replaces its object, which was to make room.
  @Test(arguments: [nil, "theirs, later"])
  func anObjectThatIsGoneNeedsNoRoom(replacement: String?) async throws {
    let fs = try TestVolume()
    try await put("theirs", at: "ns/f", of: fs)
    #expect(try await fs.names() == ["f"])
    fs.volume.setPaused(true)
    try await fs.write("ours", to: "new")
    try await fs.rename("new", to: "f", .exchange)
    if let replacement {
      try await put(replacement, at: "ns/f", of: fs)
    } else {
      try await fs.store.delete(ObjectKey("ns/f"))
    }
    fs.volume.setPaused(false)
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    #expect(try fs.volume.status().parked.map(\.path) == ["new"])
    try await fs.unlink("new")
    try await fs.drain()
    let texts = try await fs.texts()
    #expect(texts.values.contains("ours"))
    #expect(texts["ns/f"] == replacement ?? "ours")
    #expect(texts.count == (replacement == nil ? 1 : 2))
  }

  /// The key of an object that was lost stands for what somebody else has put there.
  @Test func whatReplacedTheObjectOfAMovedFileIsShown() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await put("first", at: "ns/f", of: fs)
    #expect(try await fs.names() == ["f"])
    fs.volume.setPaused(true)
    try await fs.rename("f", to: "g")
    try await put("second", at: "ns/f", of: fs)
    fs.volume.setPaused(false)
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    #expect(try await fs.names() == ["f", "g"])
    #expect(try await fs.read("f") == Array("second".utf8))
    await #expect { try await fs.read("g") } throws: {
      ($0 as? FileSystemError)?.errno == .staleNFSFileHandle
    }
    try await put("third", at: "ns/g", of: fs)
    try await fs.unlink("g")
    try await fs.drain()
    #expect(try await fs.names() == ["f", "g"])
    #expect(try await fs.read("g") == Array("third".utf8))
    #expect(try await fs.texts() == ["ns/f": "second", "ns/g": "third"])
  }

  /// Another host moves a file of ours to a name that we have just taken: its copy still says that
  /// it was written here.
  @Test func aCopyOfOursThatSomebodyElseMadeIsShown() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("first", to: "a")
    try await fs.drain()
    fs.volume.setPaused(true)
    try await fs.write("ours", to: "b")
    _ = try await fs.store.copy(
      from: ObjectKey("ns/a"), sourceMatch: nil, to: ObjectKey("ns/b"), headers: nil,
      condition: .none)
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.names().count == 3)
    #expect(try await fs.read("b") == Array("first".utf8))
    #expect(try await Set(fs.texts().values) == ["first", "ours"])
  }

  /// Somebody else writes between the decision to delete and the delete.
  @Test(arguments: [true, false])
  func aStoreThatChecksDeletesDeletesNothingElse(checks: Bool) async throws {
    let fs = try TestVolume(store: FaultStore(MemoryObjectStore(), checksDeletes: checks))
    try await fs.write("ours", to: "f")
    try await fs.drain()
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .delete)
    try await fs.unlink("f")
    await gate.reached(by: 1)
    try await put("theirs", at: "ns/f", of: fs)
    gate.open()
    try await fs.drain()
    #expect(try await fs.texts() == (checks ? ["ns/f": "theirs"] : [:]))
  }

  // MARK: Deleted by somebody else

  @Test func aFileThatIsOpenIsReadToItsEndWhenAllOfItIsHere() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await put("whole", at: "ns/f", of: fs)
    let handle = try await fs.open("f")
    #expect(try await fs.volume.read(handle, at: 0, count: 9) == Array("whole".utf8))
    try await fs.store.delete(ObjectKey("ns/f"))
    #expect(try await fs.names() == [])
    #expect(try await fs.volume.read(handle, at: 0, count: 9) == Array("whole".utf8))
    fs.volume.release(handle)
    try await fs.drain()
    #expect(try await fs.texts() == [:])
  }

  @Test func aFileThatIsOpenAndNotHereIsStale() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await put("remote", at: "ns/f", of: fs)
    let handle = try await fs.open("f")
    try await fs.store.delete(ObjectKey("ns/f"))
    #expect(try await fs.names() == [])
    await #expect { try await fs.volume.read(handle, at: 0, count: 9) } throws: {
      ($0 as? FileSystemError)?.errno == .staleNFSFileHandle
    }
    fs.volume.release(handle)
  }

  @Test func aFileThatIsKeptGoesAllTheSame() async throws {
    let fs = try TestVolume {
      $0.metadataTTL = .zero
      $0.localKeep = try PatternList(parsing: "*")
    }
    try await put("kept", at: "ns/f", of: fs)
    #expect(try await fs.read("f") == Array("kept".utf8))
    try await fs.store.delete(ObjectKey("ns/f"))
    #expect(try await fs.names() == [])
    #expect(try fs.volume.status().cache.bytes == 0)
  }

  /// Close-to-open: what one host has uploaded, another one sees with its next open.
  @Test func anOpenAfterACloseElsewhereSeesTheBytes() async throws {
    let fs = try TestVolume {
      $0.metadataTTL = .zero
      $0.uploadSynchronous = true
    }
    let other = try fs.sibling()
    for round in 0..<10 {
      let (writer, reader) = round.isMultiple(of: 2) ? (fs, other) : (other, fs)
      try await writer.write("round \(round)", to: "f")
      #expect(try await reader.read("f") == Array("round \(round)".utf8))
    }
    try await fs.unlink("f")
    try await fs.drain()
    await #expect { try await other.open("f") } throws: {
      ($0 as? FileSystemError)?.errno == .noSuchFileOrDirectory
    }
  }
}
