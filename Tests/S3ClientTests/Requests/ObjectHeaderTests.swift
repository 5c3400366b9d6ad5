import ObjectStorage
import Testing

@testable import S3Client

@Suite struct ObjectHeaderTests {
  static let values = [
    "", "plain", "a b", " leading", "trailing ", "two  spaces", "100%", "50%25", "%", "%4", "%zz",
    "ä", "a\u{308}", "日本語 😀", "tab\there", "line\r\nX-Injected: yes", "\u{0}", "\u{7F}", "\u{85}",
    "=?UTF-8?Q?x?=", "a\"b\\c;d,e",
  ]

  @Test(arguments: values) func metadataSurvivesTheWire(_ value: String) {
    let text = MetadataText.encode(value)
    #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    #expect(text.utf8.first != 0x20 && text.utf8.last != 0x20)
    #expect(MetadataText.decode(text).utf8.elementsEqual(value.utf8))
  }

  @Test(arguments: [
    ("2026-01-01 12:00", "2026-01-01 12:00"), ("100%", "100%"), ("ä b", "%C3%A4%20b"),
    ("%41", "%2541"),
  ])
  func whatOthersCanReadStaysReadable(_ value: String, _ text: String) {
    #expect(MetadataText.encode(value) == text)
  }

  @Test(arguments: ["%", "%4", "50% of it", "%FF", "%C3", "%zz"])
  func aStrayPercentSignOfOthersIsLiteral(_ text: String) {
    #expect(MetadataText.decode(text) == text)
  }

  @Test func headersComeBackAsTheyWereWritten() {
    let headers = ObjectHeaders(
      contentType: "video/mp4", contentEncoding: "gzip", cacheControl: "no-cache",
      storageClass: "STANDARD_IA", metadata: ["mtime": "1.5", "note": " ä%41"])
    var fields = HTTPHeaders()
    headers.write(to: &fields, defaultStorageClass: "GLACIER_IR")
    #expect(fields["x-amz-meta-note"] == "%20%C3%A4%2541")
    #expect(ObjectHeaders(fields) == headers)
  }

  @Test func theDefaultStorageClassIsForHeadersWithoutOne() {
    var fields = HTTPHeaders()
    ObjectHeaders().write(to: &fields, defaultStorageClass: nil)
    #expect(fields.fields.isEmpty)
    ObjectHeaders().write(to: &fields, defaultStorageClass: "GLACIER_IR")
    #expect(fields.fields.map(\.name) == ["x-amz-storage-class"])
  }

  @Test func conditionsAreWrittenAsHeaders() {
    var fields = HTTPHeaders()
    fields.set(WriteCondition.none)
    #expect(fields.fields.isEmpty)
    fields.set(WriteCondition.absent)
    #expect(fields["if-none-match"] == "*")
    fields.set(WriteCondition.matches(ETag("abc")))
    #expect(fields["if-match"] == "\"abc\"")
  }

  @Test func fieldNamesCompareWithoutCase() {
    var fields = HTTPHeaders([("ETag", "1"), ("X-A", "2"), ("etag", "3")])
    #expect(fields["etag"] == "1")
    fields.set("ETAG", "4")
    #expect(fields.fields.map(\.value) == ["2", "4"])
  }

  @Test(arguments: ["", "+1", "-1", " 1", "1 ", "1,1", "0x1", "9223372036854775808", "１"])
  func aLengthIsNothingButDigits(_ text: String) {
    #expect(HTTPHeaders([("content-length", text)]).integer("content-length") == nil)
    #expect(HTTPHeaders([("content-length", "0123")]).integer("content-length") == 123)
  }

  @Test(arguments: [
    "", "bytes", "bytes 0-9", "bytes 0-9/*", "bytes */10", "bytes 9-0/10", "bytes 0-9/9",
    "bytes -1-2/10", "bytes 0-9/10/11", "octets 0-9/10", "bytes +0-9/10", "bytes 0--9/10",
    "bytes 0-9223372036854775807/9223372036854775807", "bytes 0-99999999999999999999/1",
    "bytes  0-9/10",
  ])
  func aContentRangeThatMakesNoSenseIsNone(_ text: String) {
    #expect(ContentRange(text) == nil)
  }

  @Test func aContentRangeHasABeginningAnEndAndASize() {
    let content = ContentRange("bytes 5-9/443")
    #expect(content?.range == 5..<10)
    #expect(content?.size == 443)
  }

  /// Percent-encoded keys of listings, as different stores encode them.
  @Test(arguments: [
    ("a%2Fb", "a/b"), ("a+b", "a b"), ("a%20b", "a b"), ("a%2bb", "a+b"), ("%c3%a4", "ä"),
    ("a/b", "a/b"),
  ])
  func encodedKeysAreDecoded(_ text: String, _ key: String) {
    #expect(PercentEncoding.decode(text, plusIsSpace: true) == key)
  }
}
