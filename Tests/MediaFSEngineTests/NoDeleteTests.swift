import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

/// `mount.no_delete`: the store keeps whatever it ever had.
@Suite struct NoDeleteTests {
  private func expectNoDeletes(_ fs: TestVolume) {
    let keySpace = KeySpace(prefix: fs.options.keyPrefix)
    // But of the object that the mount itself has just made to try what the store can do.
    for operation: StoreOperation in [.delete, .deleteBatch] {
      #expect(fs.store.calls(operation).allSatisfy { keySpace.isReserved($0.key) })
    }
  }

  @Test func renamesAndDeletesLeaveTheirObjects() async throws {
    let fs = try TestVolume {
      $0.noDelete = true
      $0.metadataTTL = .zero
    }
    for path in ["a", "b", "replaced", "linked"] { try await fs.write(path, to: path) }
    try await fs.makeDirectory("d")
    try await fs.write("d/c", to: "d/c")
    _ = try await fs.volume.link(
      fs.inode("linked"), to: TestVolume.name("other"), in: .root)
    try await fs.drain()
    try await fs.unlink("a")
    try await fs.rename("b", to: "replaced")
    try await fs.rename("d", to: "e")
    try await fs.unlink("linked")
    try await fs.drain()
    let names = ["e", "other", "replaced"]
    #expect(try await fs.names() == names)
    let kept = [
      "ns/a": "a", "ns/b": "b", "ns/replaced": "b", "ns/linked": "linked", "ns/other": "linked",
      "ns/d/c": "d/c", "ns/e/c": "d/c",
    ]
    #expect(try await fs.files() == kept)
    try await fs.crash()
    #expect(try await fs.names() == names)
    #expect(try await fs.names("e") == ["c"])

    // Nor are they deleted once deleting is allowed again.
    fs.options.noDelete = false
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.names() == names)
    #expect(try await fs.files() == kept)
    expectNoDeletes(fs)
  }

  @Test func whatWaitedToBeDeletedStays() async throws {
    let fs = try TestVolume { $0.deleteDelay = .seconds(3_600) }
    try await fs.write("a", to: "a")
    try await fs.drain()
    try await fs.unlink("a")
    fs.options.noDelete = true
    try await fs.crash()
    #expect(try fs.volume.context.catalog.deleteTotals().files == 0)
    fs.options.noDelete = false
    fs.options.deleteDelay = .zero
    try await fs.crash()
    try await fs.drain()
    #expect(try await fs.names().isEmpty)
    #expect(try await fs.files() == ["ns/a": "a"])
  }

  @Test func aNameIsTakenAgain() async throws {
    let fs = try TestVolume { $0.noDelete = true }
    try await fs.write("old", to: "a")
    try await fs.drain()
    try await fs.rename("a", to: "b")
    try await fs.drain()
    try await fs.write("new", to: "a")
    try await fs.drain()
    #expect(try await fs.files() == ["ns/a": "new", "ns/b": "old"])
  }
}
