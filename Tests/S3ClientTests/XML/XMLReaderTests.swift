import Testing

@testable import S3Client

/// Documents that are accepted, and hostile ones that are not.
@Suite struct XMLReaderTests {
  private func parse(
    _ text: String, _ limits: XMLReader.Limits = .init()
  ) throws(XMLError) -> XMLElement {
    try XMLElement(document: Array(text.utf8), limits: limits)
  }

  private func reason(_ bytes: [UInt8]) -> XMLError.Reason? {
    do throws(XMLError) {
      _ = try XMLElement(document: bytes)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func aDocumentBecomesATree() throws {
    let root = try parse(
      "\u{FEFF}<?xml version=\"1.0\" encoding='UTF-8'?>\r\n<a:Root xmlns:a=\"u&amp;v\" b = 'c>'>\n"
        + "<One>1</One ><Two/><Two x='y' >2</Two>t&lt;e&#x78;&#116; \u{1F600}</a:Root>\n ")
    #expect(root.name == "Root")
    #expect(root.children.map(\.name) == ["One", "Two", "Two"])
    #expect(root.children.map(\.text) == ["1", "", "2"])
    #expect(root.text == "\nt<ext \u{1F600}")
    #expect(root.child("Two")?.text == "")
    #expect(root.all("Two").count == 2)
  }

  @Test(arguments: [
    ("&amp;&lt;&gt;&quot;&apos;", "&<>\"'"), ("&#65;&#x41;&#x00041;", "AAA"),
    ("&#x10FFFF;", "\u{10FFFF}"), ("&#1;", "\u{1}"), ("&amp;lt;", "&lt;"),
    ("a\tb\r\nc", "a\tb\r\nc"),
    ("&#x65;&#x301;", "e\u{301}"),
  ])
  func referencesAreResolvedOnce(_ text: String, _ value: String) throws {
    #expect(try parse("<a>\(text)</a>").text.utf8.elementsEqual(value.utf8))
  }

  static let malformed: [(String, XMLError.Reason)] = [
    ("", .unexpectedEnd), ("  \n", .unexpectedEnd), ("text", .malformed), ("<", .unexpectedEnd),
    ("<a", .unexpectedEnd), ("<a ", .unexpectedEnd), ("<a>", .unexpectedEnd),
    ("<a/", .unexpectedEnd), ("<a></", .unexpectedEnd), ("<a></a", .unexpectedEnd),
    ("<a b", .unexpectedEnd), ("<a b=", .unexpectedEnd), ("<a b='", .unexpectedEnd),
    ("<a>&amp", .unknownEntity), ("<?xml", .unexpectedEnd), ("<?xml version='1.0'", .unexpectedEnd),
    ("<a></b>", .mismatchedTag), ("<a><b></a></b>", .mismatchedTag), ("<A></a>", .mismatchedTag),
    ("<a/><b/>", .malformed), ("<a/>text", .malformed), ("</a>", .mismatchedTag),
    ("<>", .malformed),
    ("< a/>", .malformed), ("<1/>", .malformed), ("<a b/>", .malformed), ("<a b=c/>", .malformed),
    ("<a b='c'd='e'/>", .malformed), ("<a b='<'/>", .malformed), ("<a/ >", .malformed),
    ("<ä/>", .malformed), ("<!DOCTYPE a><a/>", .forbidden), ("<a><!-- x --></a>", .forbidden),
    ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", .forbidden),
    ("<a><![CDATA[x]]></a>", .forbidden), ("<a><?php x ?></a>", .forbidden),
    (" <?xml version='1.0'?><a/>", .forbidden), ("<a>&b;</a>", .unknownEntity),
    ("<a>&nbsp;</a>", .unknownEntity), ("<a>&;</a>", .unknownEntity), ("<a>& </a>", .unknownEntity),
    ("<a>&#;</a>", .invalidCharacter), ("<a>&#x;</a>", .invalidCharacter),
    ("<a>&#0;</a>", .invalidCharacter), ("<a>&#xD800;</a>", .invalidCharacter),
    ("<a>&#x110000;</a>", .invalidCharacter), ("<a>&#99999999999;</a>", .invalidCharacter),
    ("<a>&#+65;</a>", .invalidCharacter), ("<a>&#xfffffffffffffff;</a>", .invalidCharacter),
    ("<a>\u{0}</a>", .invalidCharacter), ("<a>\u{1B}</a>", .invalidCharacter),
    ("<a b='&c;'/>", .unknownEntity), ("<a b='\u{1}'/>", .invalidCharacter),
  ]

  @Test(arguments: malformed) func aMalformedDocumentIsRefused(
    _ text: String, _ expected: XMLError.Reason
  ) {
    #expect(reason(Array(text.utf8)) == expected)
  }

  @Test(
    arguments: [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80], [0x80],
    ] as [[UInt8]])
  func textThatIsNotUTF8IsRefused(_ bytes: [UInt8]) {
    #expect(reason(Array("<a>".utf8) + bytes + Array("</a>".utf8)) == .notUTF8)
    #expect(reason(Array("<a b='".utf8) + bytes + Array("'/>".utf8)) == .notUTF8)
    #expect(reason([0xFF, 0xFE, 0x3C, 0x00]) == .malformed)
  }

  @Test func aDocumentHasAtMostTheAllowedDepth() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
    }
    #expect(try parse(nested(16)).name == "a")
    #expect(throws: XMLError(.tooDeep, at: 50)) { try parse(nested(17)) }
    #expect(reason(Array(String(repeating: "<a>", count: 1_000_000).utf8)) == .tooDeep)
  }

  @Test func aDocumentHasAtMostTheAllowedSize() throws {
    var limits = XMLReader.Limits()
    (limits.size, limits.elements) = (13, 2)
    #expect(try parse("<a>123456</a>", limits).text == "123456")
    #expect(throws: XMLError(.tooLarge, at: 13)) { try parse("<a>1234567</a>", limits) }
    #expect(try parse("<a><b/></a>", limits).children.count == 1)
    limits.size = 100
    #expect(throws: XMLError(.tooManyElements, at: 9)) { try parse("<a><b/><b/></a>", limits) }
  }

  @Test func everyTruncationOfADocumentIsRefused() {
    let whole = Array(
      "<?xml version=\"1.0\"?><A b=\"c\"><D>&amp;\u{1F600}&#65;</D><E/></A>".utf8)
    #expect(reason(whole) == nil)
    for count in 0..<whole.count { #expect(reason(Array(whole.prefix(count))) != nil) }
  }

  @Test(arguments: ["a<b>&\"'c", "\t\r\n", "ä😀", "&amp;", "]]>", ""])
  func whatIsWrittenIsReadBack(_ text: String) throws {
    let encoded = XMLText.encode(text)
    #expect(!encoded.utf8.contains { "<>\"'\t\r\n".utf8.contains($0) })
    #expect(try parse("<a>\(encoded)</a>").text.utf8.elementsEqual(text.utf8))
  }

  @Test(arguments: [("ä\t\r\n😀", true), ("\u{0}", false), ("a\u{1F}", false), ("\u{FFFE}", false)])
  func someCharactersCannotBeWritten(_ text: String, _ can: Bool) {
    #expect(XMLText.canRepresent(text) == can)
  }
}
