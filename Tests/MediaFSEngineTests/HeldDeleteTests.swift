import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// An open file outlives its name, also with bytes that are only at the store.
@Suite struct HeldDeleteTests {
  @Test func theObjectOfAnOpenFileStaysUntilItsBytesAreHere() async throws {
    let fs = try TestVolume()
    try await fs.write("bytes", to: "held")
    try await fs.write("bytes", to: "other")
    try await fs.drain()
    let reader = try fs.sibling()
    let handle = try await reader.open("held")
    try await reader.unlink("held")
    try await reader.unlink("other")
    try await reader.drain()
    #expect(try await fs.texts() == ["ns/held": "bytes"])
    #expect(try await reader.volume.read(handle, at: 0, count: 9) == Array("bytes".utf8))

    // All bytes are here: nobody needs the object any more.
    try await reader.drain()
    #expect(try await fs.texts().isEmpty)
    #expect(try await reader.volume.read(handle, at: 0, count: 9) == Array("bytes".utf8))
    reader.volume.release(handle)
  }
}
