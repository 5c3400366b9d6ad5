import MediaFSCache
import MediaFSCore
import MediaFSTesting
import SystemPackage
import Testing

@Suite struct ContentLabelTests {
  private static func path(_ names: String...) throws -> [FileName] {
    try names.map { try #require(FileName($0)) }
  }

  @Test(arguments: [true, false]) func whatIsWrittenIsRead(hasBase: Bool) throws {
    let path = try Self.path("a\nb", "e\u{301}", "x")
    let base = ContentLabel.Base(key: "ns/a\nb/old", etag: "etag-2", size: 1 << 40)
    let label = ContentLabel(
      .partial,
      ContentLabel.Place(
        path: path, permissions: 0o4755, owner: Owner(user: 7, group: 9),
        base: hasBase ? base : nil))
    let read = try #require(ContentLabel(label.bytes))
    #expect(read.bytes == label.bytes && read.state == .partial)
    #expect(read.place?.path == path && read.place?.permissions == 0o4755)
    #expect(read.place?.owner == Owner(user: 7, group: 9))
    #expect(read.place?.base?.size == (hasBase ? 1 << 40 : nil))
    #expect(read.place?.base?.key == (hasBase ? "ns/a\nb/old" : nil))
  }

  /// Whatever is in the attribute, it is a label or none, and no path leaves the root.
  @Test(arguments: [
    "", "1", "2\0clean", "1\0unheard", "1\0whole", "1\0whole\0644\0\0\0\0\0\0a",
    "1\0whole\0644\00\00\0\0\0-1\0a", "1\0whole\0644\00\00\0\0\00\0",
    "1\0whole\0644\00\00\0\0\00\0a//b", "1\0whole\0644\00\00\0\0\00\0../a",
    "1\0whole\0644\00\00\0\0\00\0/a", "1\0whole\0999\00\00\0\0\00\0a",
    "1\0whole\0644\099999999999\00\0\0\00\0a",
  ])
  func whatIsNoLabelIsRefused(_ text: String) {
    #expect(ContentLabel(Array(text.utf8)) == nil)
  }

  @Test func aContentFileKeepsItsLabel() throws {
    let directory = try TemporaryDirectory()
    let disk = try ContentDirectory(in: FilePath(directory.path))
    #expect(try disk.open(ContentNumber(1)).label() == nil)
    try disk.open(ContentNumber(1)).setLabel(ContentLabel(.clean))
    #expect(try disk.open(ContentNumber(1)).label()?.state == .clean)
    // Too long to be an attribute: nothing that was said before is said any more.
    let name = try #require(FileName(String(repeating: "x", count: 200)))
    let long = [FileName](repeating: name, count: 400)
    let place = ContentLabel.Place(
      path: long, permissions: 0, owner: Owner(user: 0, group: 0), base: nil)
    try disk.open(ContentNumber(1)).setLabel(ContentLabel(.whole, place))
    #expect(try disk.open(ContentNumber(1)).label() == nil)
  }
}
