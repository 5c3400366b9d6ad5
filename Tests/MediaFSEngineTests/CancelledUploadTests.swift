import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// Deleting a file ends its upload, wherever that is.
@Suite struct CancelledUploadTests {
  private static let key = ObjectKey("ns/film")
  private static let parallelParts = 8

  /// - Parameter isOpen: somebody goes on reading.
  @Test(arguments: [false, true])
  func noFurtherPartOfADeletedFileIsSent(isOpen: Bool) async throws {
    let fs = try TestVolume {
      $0.uploadPartSize = 5 << 20
      $0.uploadEnabled = false
    }
    let bytes = TestVolume.pattern(60 << 20)
    try await fs.write("film", bytes)
    let handle = isOpen ? try await fs.open("film") : nil
    let number = try await fs.inode("film")
    let gate = Gate()
    fs.store.inject(.hold(gate), on: .uploadPart, times: 100)
    fs.volume.setPaused(false)
    await gate.reached(by: Self.parallelParts)
    try await fs.unlink("film")
    gate.open()
    try await fs.drain()
    while fs.volume.reconciler.activeCount.uploads > 0 { await Task.yield() }
    #expect(fs.store.calls(.uploadPart).count == Self.parallelParts)
    #expect(fs.store.calls(.completeUpload).isEmpty)
    #expect(try await fs.objects().isEmpty)
    #expect(try fs.volume.context.catalog.upload(of: number) == nil)
    while try await !fs.store.listUploads(prefix: "ns/film").isEmpty { await Task.yield() }
    if let handle {
      let part = try await fs.volume.read(handle, at: 0, count: 100)
      #expect(part == Array(bytes.prefix(100)))
      fs.volume.release(handle)
    }
  }

  @Test func anUploadThatIsBegunAfterTheDeleteIsAborted() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.write("film", TestVolume.pattern(33 << 20))
    let gate = Gate()
    fs.store.inject(.holdAnswer(gate), on: .createUpload, key: Self.key)
    fs.volume.setPaused(false)
    await gate.reached()
    try await fs.unlink("film")
    gate.open()
    try await fs.drain()
    while fs.volume.reconciler.activeCount.uploads > 0 { await Task.yield() }
    #expect(fs.store.calls(.uploadPart).isEmpty)
    #expect(try fs.volume.context.catalog.knownUploads().isEmpty)
    while try await !fs.store.listUploads(prefix: "ns/film").isEmpty { await Task.yield() }
  }

  @Test(.timeLimit(.minutes(1))) func oneThatCannotBeAbortedKeepsNoOtherBack() async throws {
    let fs = try TestVolume()
    let catalog = fs.volume.context.catalog
    let keys = ["ns/a", "ns/b"].map { ObjectKey($0) }
    fs.store.inject(.fail(.serverError), on: .abortUpload, key: keys[0], times: 1_000)
    for key in keys {
      _ = try await fs.store.createUpload(key, headers: ObjectHeaders())
      _ = try catalog.willMakeParts(at: key)
    }
    fs.volume.reconciler.changed.signal()
    while try await fs.store.listUploads(prefix: "ns/").map(\.key) != [keys[0]] {
      try Task.checkCancellation()
      await Task.yield()
    }
  }
}
