import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import SystemPackage
import Testing

/// What others do to the bucket meanwhile is neither overwritten, nor deleted, nor mixed with ours.
@Suite struct SharingTests {
  private func put(
    _ text: String, at key: String, of fs: TestVolume, metadata: [String: String] = [:]
  ) async throws {
    _ = try await fs.store.put(
      ObjectKey(key), BytesSource(Array(text.utf8)), headers: ObjectHeaders(metadata: metadata),
      condition: .none)
  }

  /// Else it would go on showing what it knows for as long as the listing was good for.
  @Test func theKernelIsToldWhatOthersHaveDone() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    for name in ["changed", "gone", "same"] { try await put("old", at: "ns/" + name, of: fs) }
    #expect(try await fs.names() == ["changed", "gone", "same"])
    let kernel = RecordingKernel()
    fs.volume.attach(kernel)
    try await put("another", at: "ns/changed", of: fs)
    try await fs.store.delete(ObjectKey("ns/gone"))
    try await put("new", at: "ns/new", of: fs)
    #expect(try await fs.names() == ["changed", "new", "same"])
    #expect(kernel.names == ["changed", "gone", "new"])
    // One inode for several names is told of itself.
    try await fs.link("same", to: "other")
    try await fs.drain()
    let inode = try await fs.inode("same")
    try await put("apart", at: "ns/other", of: fs)
    _ = try await fs.names()
    #expect(kernel.inodes.contains(inode))
  }

  @Test func aHandleOfAReplacedVersionCannotDamageTheNewOne() async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await put("theirs, first", at: "ns/f", of: fs)
    let handle = try await fs.open("f", [.read, .write])
    #expect(try await fs.volume.read(handle, at: 0, count: 6) == Array("theirs".utf8))
    try await put("theirs, second", at: "ns/f", of: fs)
    #expect(try await fs.read("f") == Array("theirs, second".utf8))
    // The old version is a file without a name by now; what is written to it goes with it.
    try? fs.write(Array("ours".utf8), at: 0, to: handle)
    try? await fs.volume.flush(handle)
    fs.volume.release(handle)
    try await fs.drain()
    #expect(try await fs.read("f") == Array("theirs, second".utf8))
    #expect(try await fs.texts() == ["ns/f": "theirs, second"])
  }

  @Test func aNewObjectAtTheKeyOfADeletedOneStays() async throws {
    let fs = try TestVolume {
      $0.metadataTTL = .zero
      $0.deleteDelay = .seconds(3_600)
    }
    try await put("old", at: "ns/f", of: fs)
    try await fs.unlink("f")
    #expect(try await fs.names().isEmpty)
    try await put("new", at: "ns/f", of: fs)
    #expect(try await fs.names() == ["f"])
    #expect(try fs.volume.status().deletes.waiting.files == 0)
    #expect(try await fs.read("f") == Array("new".utf8))
  }

  @Test func aFileThatIsDirtyHereAndDeletedThereGoesUpAgain() async throws {
    let fs = try TestVolume()
    try await fs.write("one", to: "f")
    try await fs.drain()
    fs.volume.setPaused(true)
    try await fs.write("two", to: "f")
    try await fs.store.delete(ObjectKey("ns/f"))
    fs.volume.setPaused(false)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "two"])
    #expect(try await fs.names() == ["f"])
  }

  @Test func aRenameKeepsWhatNobodyHasLookedAt() async throws {
    let fs = try TestVolume()
    try await put("x", at: "ns/d/f", of: fs, metadata: ["mode": "33216", "color": "blue"])
    try await fs.rename("d", to: "e")
    try await fs.drain()
    #expect(try await fs.files() == ["ns/e/f": "x"])
    let head = try await fs.store.head(ObjectKey("ns/e/f"))
    #expect(head.headers.metadata == ["mode": "33216", "color": "blue"])
    #expect(try await fs.attributes("e/f").mode == 33_216)
  }

  @Test(arguments: [true, false])
  func aRenameOntoWhatSomebodyElseHasJustPutKeepsBoth(storeChecks: Bool) async throws {
    let fs = try TestVolume(
      store: FaultStore(MemoryObjectStore(), conditions: storeChecks ? .checked : .ignored))
    try await fs.write("ours", to: "a")
    try await fs.drain()
    try await put("theirs", at: "ns/b", of: fs)
    try await fs.rename("a", to: "b")
    try await fs.drain()
    let texts = try await fs.texts()
    #expect(texts["ns/b"] == "theirs")
    #expect(texts.values.contains("ours") && texts.count == 2)
  }

  @Test func manyOpensMeetOneContentWhileItIsWritten() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("start", to: "f")
    let volume = fs.volume
    let inode = try await fs.inode("f")
    let writer = try await fs.open("f", [.write, .append])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<50 { volume.release(try await volume.open(inode, [.read]).handle) }
        }
      }
      for _ in 0..<200 { try fs.write(Array("more".utf8), at: 0, to: writer, appends: true) }
      try await group.waitForAll()
    }
    fs.volume.release(writer)
    let expected = Array(("start" + String(repeating: "more", count: 200)).utf8)
    #expect(try await fs.read("f") == expected)
    try await fs.crash()
    #expect(try await fs.read("f") == expected)
  }
}

/// Remembers what it was told to forget.
private final class RecordingKernel: KernelCache {
  private let told = Mutex((inodes: Set<InodeNumber>(), names: Set<String>()))

  var inodes: Set<InodeNumber> { told.withLock { $0.inodes } }
  var names: [String] { told.withLock { $0.names.sorted() } }

  func knows(_ inode: InodeNumber) -> Bool { true }
  func invalidate(_ inode: InodeNumber) { told.withLock { _ = $0.inodes.insert(inode) } }
  func invalidate(
    _ name: FileName, in parent: InodeNumber, told done: @escaping @Sendable () -> Void
  ) {
    told.withLock { _ = $0.names.insert(name.text) }
    done()
  }
}
