import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// Nothing is deleted at a key at which something is being written.
@Suite(.timeLimit(.minutes(1))) struct ClaimTests {
  /// A volume whose directory "old" takes the name "C", which waits at the gate.
  private func renaming(_ gate: Gate) async throws -> TestVolume {
    let fs = try TestVolume { $0.deleteDelay = .seconds(3_600) }
    let marker = ObjectHeaders(contentType: StoredAttributes.directoryContentType)
    _ = try await fs.store.put(
      ObjectKey("ns/old/"), BytesSource([]), headers: marker, condition: .none)
    _ = try await fs.store.put(
      ObjectKey("ns/old/f"), BytesSource([1]), headers: ObjectHeaders(), condition: .none)
    try await fs.makeDirectory("A")
    try await fs.write("z", to: "z")
    try await fs.drain()
    try await fs.removeDirectory("A")
    try await fs.unlink("z")
    fs.store.inject(.hold(gate), on: .list, key: ObjectKey("ns/old/"))
    try await fs.rename("old", to: "C")
    return fs
  }

  @Test func aNameThatIsTakenDuringTheWorkIsNotDeletedBesideIt() async throws {
    let listing = Gate()
    let fs = try await renaming(listing)
    await listing.reached()
    // The work on the directory has begun with the key of C.
    try await fs.rename("C", to: "A")
    let (copying, deleting) = (Gate(), Gate())
    let (key, other) = (ObjectKey("ns/A/"), ObjectKey("ns/z"))
    fs.store.inject(.hold(copying), on: .copy, key: key)
    fs.store.inject(.hold(deleting), on: .deleteBatch)
    listing.open()
    await copying.reached()
    fs.store.forgetCalls()
    let catalog = fs.volume.context.catalog
    // Both are looked at before they are deleted.
    try catalog.expect(
      other, of: InodeNumber(1), until: nil, at: fs.volume.context.environment.now())
    try catalog.postpone([key, other], until: .epoch, error: nil)
    fs.volume.reconciler.changed.signal()
    while fs.store.calls(.delete).isEmpty && fs.store.calls(.deleteBatch).isEmpty {
      await Task.yield()
    }
    copying.open()
    let number = try await fs.inode("A")
    while try catalog.inode(number)?.object?.key != key { await Task.yield() }
    deleting.open()
    try await fs.drain()
    #expect(try await fs.objects().keys.sorted() == ["ns/A/", "ns/A/f"])
    #expect(try await fs.names() == ["A"])
  }

  @Test func aKeyIsNotWrittenWhileItIsDeleted() async throws {
    let fs = try TestVolume { $0.deleteDelay = .seconds(3_600) }
    for name in ["A", "C"] { try await fs.write(name, to: name) }
    try await fs.drain()
    try await fs.unlink("A")
    let deleting = Gate()
    fs.store.inject(.hold(deleting), on: .delete, key: ObjectKey("ns/A"))
    try fs.volume.context.catalog.postpone([ObjectKey("ns/A")], until: .epoch, error: nil)
    fs.volume.reconciler.changed.signal()
    await deleting.reached()
    fs.store.forgetCalls()
    try await fs.rename("C", to: "A")
    try await fs.write("other", to: "other")
    // What came to the queue later is through.
    while fs.puts().isEmpty { await Task.yield() }
    #expect(fs.store.calls(.copy).isEmpty)
    deleting.open()
    try await fs.drain()
    #expect(try await fs.files()["ns/A"] == "C")
  }

  @Test func whatWaitsForAKeyHoldsUpNothingElse() async throws {
    let fs = try TestVolume { $0.uploadConcurrency = 2 }
    try await fs.write("follows", to: "other")
    try await fs.drain()
    let upload = Gate()
    fs.store.inject(.hold(upload), on: .put, key: ObjectKey("ns/long"))
    try await fs.write("takes long", to: "long")
    await upload.reached()
    fs.store.forgetCalls()
    try await fs.rename("other", to: "long")
    try await fs.write("free", to: "free")
    while !fs.puts().contains(where: { $0.key == ObjectKey("ns/free") }) { await Task.yield() }
    #expect(fs.store.calls(.copy).isEmpty)
    upload.open()
    try await fs.drain()
    #expect(try await fs.files() == ["ns/long": "follows", "ns/free": "free"])
  }

  @Test func whatWaitsForABatchOfDeletesHoldsUpNothingElse() async throws {
    let fs = try TestVolume {
      $0.uploadConcurrency = 1
      $0.deleteDelay = .seconds(3_600)
    }
    // More than one page of what is due.
    let names = (0..<100).map { "f\($0)" }
    for name in names { try await fs.write("old", to: name) }
    try await fs.drain()
    for name in names { try await fs.unlink(name) }
    let deleting = Gate()
    fs.store.inject(.hold(deleting), on: .deleteBatch)
    let keys = names.map { ObjectKey("ns/" + $0) }
    try fs.volume.context.catalog.postpone(keys, until: .epoch, error: nil)
    fs.volume.reconciler.changed.signal()
    await deleting.reached()
    fs.store.forgetCalls()
    for name in names { try await fs.write("new", to: name) }
    try await fs.write("free", to: "free")
    while fs.puts().isEmpty { await Task.yield() }
    #expect(fs.puts().map(\.key) == [ObjectKey("ns/free")])
    deleting.open()
    try await fs.drain()
    let files = try await fs.files()
    #expect(files.count == names.count + 1)
    #expect(Set(files.values) == ["new", "free"])
  }
}
