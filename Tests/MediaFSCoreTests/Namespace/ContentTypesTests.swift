import MediaFSCore
import Testing

@Suite struct ContentTypesTests {
  private static func type(_ name: String, mimeTypes: String = "") throws -> String {
    ContentTypes(mimeTypes: mimeTypes).type(of: try #require(FileName(name)))
  }

  @Test(arguments: [
    ("a.jpg", "image/jpeg"), ("A.JPG", "image/jpeg"), ("b.tar.gz", "application/gzip"),
    ("c.webp", "image/webp"), ("d.mp4", "video/mp4"), ("e.pdf", "application/pdf"),
    ("f", "application/octet-stream"), ("g.", "application/octet-stream"),
    (".jpg", "application/octet-stream"), ("..jpg", "image/jpeg"),
    ("h.unknown", "application/octet-stream"), ("é.JpEg", "image/jpeg"),
    ("i.jpé", "application/octet-stream"), ("j jpg", "application/octet-stream"),
  ])
  func goesByTheExtension(name: String, expected: String) throws {
    #expect(try Self.type(name) == expected)
  }

  @Test func theSystemTableGoesFirst() throws {
    let table = """
      # MIME types
      image/x-mine\t\tJPG  mine # not this
      image/second   mine
      application/nothing
      broken jpeg
      text/a/b webp\r\ntext/crlf crlf\r
      text/é png
      """
    #expect(try Self.type("a.jpg", mimeTypes: table) == "image/x-mine")
    #expect(try Self.type("a.mine", mimeTypes: table) == "image/x-mine")
    #expect(try Self.type("a.jpeg", mimeTypes: table) == "image/jpeg")
    #expect(try Self.type("a.not", mimeTypes: table) == "application/octet-stream")
    #expect(try Self.type("a.webp", mimeTypes: table) == "image/webp")
    #expect(try Self.type("a.crlf", mimeTypes: table) == "text/crlf")
    #expect(try Self.type("a.png", mimeTypes: table) == "image/png")
  }
}
