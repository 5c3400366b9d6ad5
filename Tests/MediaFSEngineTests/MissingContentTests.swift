import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Somebody deletes files of the cache: what the store has too is fetched again, and zeros are
/// never taken for what is nowhere else.
@Suite struct MissingContentTests {
  private let bytes = TestVolume.pattern(300_000)

  private static func removeContent(of path: String, _ fs: TestVolume) async throws {
    let context = fs.volume.context
    let record = try #require(try context.catalog.inode(await fs.inode(path)))
    try context.disk.remove(record.content)
  }

  @Test(arguments: [false, true]) func whatTheStoreHasIsFetchedAgain(restarts: Bool) async throws {
    let fs = try TestVolume()
    try await fs.write("f", bytes)
    try await fs.drain()
    fs.store.forgetCalls()
    try await Self.removeContent(of: "f", fs)
    if restarts { try await fs.crash() }
    #expect(try await fs.read("f") == bytes)
    #expect(!fs.store.calls(.get).isEmpty)
    #expect(try await fs.attributes("f").size == Int64(bytes.count))
    fs.store.forgetCalls()
    #expect(try await fs.read("f") == bytes)
    #expect(fs.store.calls(.get).isEmpty)
    // Nothing of it is uploaded, and what is changed later goes on top of the real bytes.
    var expected = bytes
    try await fs.patch("f", at: 200_000, [1, 2, 3], alsoIn: &expected)
    try await fs.drain()
    #expect(try await fs.objects() == ["ns/f": expected])
  }

  /// A new file, and one whose older version the store has.
  @Test(arguments: [false, true], [false, true])
  func whatOnlyTheCacheHadIsAnErrorAndNoObject(isPatch: Bool, restarts: Bool) async throws {
    let fs = try TestVolume()
    if isPatch {
      try await fs.write("f", bytes)
      try await fs.drain()
    }
    fs.volume.setPaused(true)
    var expected = isPatch ? bytes : []
    if isPatch {
      try await fs.patch("f", at: 100_000, [1, 2, 3], alsoIn: &expected)
    } else {
      try await fs.write("f", bytes)
    }
    try await Self.removeContent(of: "f", fs)
    if restarts {
      fs.options.uploadEnabled = false
      try await fs.crash()
    }
    await #expect { try await fs.read("f") } throws: {
      ($0 as? FileSystemError)?.errno == .ioError
    }
    let number = try await fs.inode("f")
    fs.volume.setPaused(false)
    while try fs.volume.context.catalog.item(of: number)?.attempts == 0 { await Task.yield() }
    #expect(try await fs.objects() == (isPatch ? ["ns/f": bytes] : [:]))
    await #expect { try await fs.read("f") } throws: {
      ($0 as? FileSystemError)?.errno == .ioError
    }
    #expect(try fs.volume.status().dirty.files == 1)
  }
}
