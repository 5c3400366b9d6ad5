import MediaFSCore
import Testing

@Suite struct LinkGroupTests {
  private static let group = LinkGroup(name: "9f.17", count: 3, state: "9f.17.2.1")

  @Test func whatIsWrittenIsRead() {
    let metadata = Self.group.encode()
    #expect(
      metadata == [
        "mediafs-link": "9f.17", "mediafs-links": "3", "mediafs-commit": "9f.17.2.1",
      ])
    #expect(LinkGroup(metadata: metadata) == Self.group)
  }

  @Test(arguments: [
    ("mediafs-link", ""), ("mediafs-link", String(repeating: "x", count: 65)),
    ("mediafs-links", ""), ("mediafs-links", "0"), ("mediafs-links", "1"),
    ("mediafs-links", "-3"), ("mediafs-links", "9999999999"), ("mediafs-links", "three"),
  ])
  func whatMakesNoSenseStandsAlone(name: String, value: String) {
    var metadata = Self.group.encode()
    metadata[name] = value
    #expect(LinkGroup(metadata: metadata) == nil)
  }

  @Test(arguments: ["mediafs-link", "mediafs-links", "mediafs-commit"])
  func everyWordIsNeeded(name: String) {
    var metadata = Self.group.encode()
    metadata[name] = nil
    #expect(LinkGroup(metadata: metadata) == nil)
  }
}
