import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// A file stays dirty until the store has all of it, whatever fails on the way.
@Suite struct FailedUploadTests {
  private static let denied = ObjectStoreError(
    .accessDenied, code: "AccessDenied", message: "no", httpStatus: 403)

  /// One of several parts is refused, which is not tried again by itself; or fails once.
  @Test(arguments: [false, true]) func oneFailedPartLosesNothing(isRefused: Bool) async throws {
    let fs = try TestVolume { $0.uploadPartSize = 8 << 20 }
    let key = ObjectKey("ns/film")
    try await fs.write("old", to: "film")
    try await fs.drain()
    let error = isRefused ? Self.denied : .serverError
    let bytes = TestVolume.pattern(40 << 20)
    fs.store.inject(.fail(error), on: .uploadPart, key: key)
    try await fs.write("film", bytes)
    let number = try await fs.inode("film")
    if isRefused {
      await #expect(throws: FileSystemError.self) { try await fs.drain() }
      let status = try fs.volume.status()
      #expect(status.parked.map(\.path) == ["film"])
      #expect(status.dirty.files == 1 && status.dirty.bytes == Int64(bytes.count))
      #expect(try await fs.store.head(key).size == 3)
      #expect(fs.store.calls(.completeUpload).isEmpty)
      // The next daemon knows of it as well.
      try await fs.crash()
      #expect(try fs.volume.status().dirty.files == 1)
    } else {
      while try fs.volume.context.catalog.item(of: number)?.attempts == 0 { await Task.yield() }
    }
    let isWhole = try await fs.read("film") == bytes
    #expect(isWhole)
    _ = try fs.volume.retry(beneath: nil)
    try await fs.drain()
    let isUploaded = try await fs.objects() == ["ns/film": bytes]
    #expect(isUploaded)
    #expect(try fs.volume.status().dirty.files == 0)
  }

  /// It is emptied and written anew here, and the store does not let it be overwritten.
  @Test func aFileThatMayNotBeOverwrittenIsWholeOnBothSides() async throws {
    let fs = try TestVolume()
    try await fs.write("the old version", to: "f")
    try await fs.drain()
    fs.store.inject(.fail(Self.denied), on: .put, key: ObjectKey("ns/f"))
    try await fs.write("new", to: "f")
    await #expect(throws: FileSystemError.self) { try await fs.drain() }
    for restarts in [false, true] {
      if restarts { try await fs.crash() }
      #expect(try fs.volume.status().parked.map(\.path) == ["f"])
      #expect(try await fs.texts() == ["ns/f": "the old version"])
      #expect(try await fs.read("f") == Array("new".utf8))
      #expect(try await fs.names() == ["f"])
    }
    #expect(try fs.volume.retry(beneath: nil) == 1)
    try await fs.drain()
    #expect(try await fs.texts() == ["ns/f": "new"])
    #expect(try fs.volume.status().parked.isEmpty)
  }

  /// NFS and whoever dies with open files never flush.
  @Test(arguments: [false, true])
  func whatIsReleasedWithoutAFlushIsUploaded(isNew: Bool) async throws {
    let fs = try TestVolume()
    var expected = isNew ? [] : TestVolume.pattern(100_000)
    let handle: FileHandle
    if isNew {
      handle = try await fs.volume.create(
        TestVolume.name("f"), in: .root, permissions: 0o644,
        caller: Caller(owner: Owner(user: 0, group: 0)), [.write]
      ).1.handle
    } else {
      try await fs.write("f", expected)
      try await fs.drain()
      handle = try await fs.open("f", [.write])
    }
    let added = Array("written and never flushed".utf8)
    try fs.write(added, at: Int64(expected.count), to: handle)
    expected += added
    fs.volume.release(handle)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f": expected])
    #expect(try await fs.attributes("f").size == Int64(expected.count))
    #expect(try Inspector(context: fs.volume.context).violations().isEmpty)
  }
}
