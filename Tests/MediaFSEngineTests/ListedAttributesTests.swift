import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// `metadata.attributes = listing`
@Suite struct ListedAttributesTests {
  private let fs: TestVolume

  init() throws {
    fs = try TestVolume {
      $0.attributeSource = .listing
      $0.fetchesFirstBytes = true
    }
    fs.volume.setPaused(true)
  }

  private func put(_ name: String, _ metadata: [String: String] = [:]) async throws {
    _ = try await fs.store.put(
      ObjectKey("ns/" + name), BytesSource(Array("bytes".utf8)),
      headers: ObjectHeaders(metadata: metadata), condition: .none)
  }

  @Test func whatIsListedIsNotAskedFor() async throws {
    for number in 0..<40 { try await put("d/\(number)") }
    _ = try await fs.attributes("d")
    fs.store.forgetCalls()
    var entries: [DirectoryEntry] = []
    let handle = try await fs.volume.openDirectory(fs.inode("d")).handle
    try fs.volume.readDirectory(handle, after: 0) { entry in
      entries.append(entry)
      return true
    }
    #expect(entries.count { $0.entry?.attributes.size == 5 && $0.kind == .regular } == 40)
    let attributes = try await fs.attributes("d/7")
    #expect(attributes.size == 5 && attributes.permissions == 0o644)
    #expect(try await fs.volume.extendedAttributes(of: fs.inode("d/7")) == [])
    #expect(fs.store.calls(.head).isEmpty && fs.store.calls(.get).isEmpty)

    #expect(try await fs.read("d/7") == Array("bytes".utf8))
    #expect(fs.store.calls(.head).isEmpty)
    #expect(fs.store.calls(.get).count == 1)
  }

  /// Who may open it is not for a listing to say.
  @Test func whatMetadataSaysHoldsOnceItIsOpened() async throws {
    try await put("f", ["mode": "33152", "uid": "7"])
    let inode = try await fs.inode("f")
    #expect(try await fs.attributes("f").permissions == 0o644)
    let error = await #expect(throws: FileSystemError.self) {
      try await fs.volume.open(inode, [.read])
    }
    #expect(error?.errno == .staleNFSFileHandle)
    let attributes = try await fs.attributes("f")
    #expect(attributes.permissions == 0o600 && attributes.owner.user == 7)
    #expect(try await fs.read("f") == Array("bytes".utf8))
  }

  /// Nor who may change it.
  @Test func whatIsNotOursIsNotChangedByItsListing() async throws {
    for name in ["a", "b", "c"] { try await put(name, ["mode": "33024", "uid": "7"]) }
    func refused(_ body: () async throws -> Void) async {
      let error = await #expect(throws: FileSystemError.self) { try await body() }
      #expect(error?.errno == .staleNFSFileHandle)
    }
    let (a, b, c) = (try await fs.inode("a"), try await fs.inode("b"), try await fs.inode("c"))
    var cut = AttributeChanges()
    cut.size = 0
    await refused { _ = try await fs.volume.setAttributes(of: a, cut, handle: nil) }
    await refused {
      try await fs.volume.setExtendedAttribute("user.a", of: b, to: [1], .createOrReplace)
    }
    await refused { _ = try await fs.volume.link(c, to: TestVolume.name("d"), in: .root) }
    #expect(try await fs.attributes("a").size == 5)
    #expect(try await fs.names() == ["a", "b", "c"])
    for name in ["a", "b", "c"] { #expect(try await fs.attributes(name).owner.user == 7) }
  }

  @Test func aDirectorySaysItselfWhoMayEnter() async throws {
    _ = try await fs.store.put(
      ObjectKey("ns/d/"), BytesSource([]), headers: ObjectHeaders(metadata: ["mode": "16832"]),
      condition: .none)
    #expect(try await fs.attributes("d").permissions == 0o700)
  }

  @Test func whatIsWrittenKeepsItsMetadata() async throws {
    try await put("f", ["mode": "33152", "xattr": "{\"user.a\":\"Yg==\"}"])
    try await fs.volume.release(fs.open("f"))
    try await fs.write("f", Array("other".utf8))
    #expect(try await fs.attributes("f").permissions == 0o600)
    #expect(try await fs.get("user.a", of: "f") == Array("b".utf8))
    try await fs.changeMode(of: "f", to: 0o640)
    try await fs.rename("f", to: "g")
    fs.volume.setPaused(false)
    try await fs.drain()
    let other = try fs.sibling { $0.attributeSource = .object }
    #expect(try await other.attributes("g").permissions == 0o640)
    #expect(try await other.get("user.a", of: "g") == Array("b".utf8))
    #expect(try await other.read("g") == Array("other".utf8))
  }

  /// A rename takes along what nobody here has ever seen.
  @Test func whatIsRenamedKeepsItsMetadata() async throws {
    try await put("f", ["mode": "33152"])
    #expect(try await fs.attributes("f").permissions == 0o644)
    try await fs.rename("f", to: "g")
    fs.volume.setPaused(false)
    try await fs.drain()
    let other = try fs.sibling { $0.attributeSource = .object }
    #expect(try await other.attributes("g").permissions == 0o600)
  }
}
