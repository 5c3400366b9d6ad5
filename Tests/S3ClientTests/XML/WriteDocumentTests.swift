import ObjectStorage
import Testing

@testable import S3Client

@Suite struct WriteDocumentTests {
  private func element(_ text: String) throws -> XMLElement {
    try XMLElement(document: Array(text.utf8))
  }

  @Test func anUploadHasAnIdentity() throws {
    func result(_ content: String) throws -> InitiateUploadResult {
      try InitiateUploadResult(
        element("<InitiateMultipartUploadResult>\(content)</InitiateMultipartUploadResult>"))
    }
    #expect(try result("<UploadId>u&amp;1</UploadId>").upload == UploadID("u&1"))
    #expect(throws: XMLError(.invalidValue, "UploadId")) { try result("<UploadId/>") }
    #expect(throws: XMLError(.missingElement, "UploadId")) { try result("") }
  }

  @Test(arguments: ["CompleteMultipartUploadResult", "CopyObjectResult", "CopyPartResult"])
  func aWrittenObjectHasAnETag(_ name: String) throws {
    func result(_ etag: String) throws -> ETag {
      try WrittenObjectResult(element("<\(name)>\(etag)</\(name)>"), named: name).etag
    }
    #expect(try result("<ETag>&quot;a-2&quot;</ETag>") == ETag("a-2"))
    #expect(throws: XMLError(.invalidValue, "ETag")) { try result("<ETag>\"\"</ETag>") }
    #expect(throws: XMLError(.missingElement, "ETag")) { try result("") }
  }

  @Test func theErrorsOfADeletionAreThoseThatCount() throws {
    let result = try DeleteResult(
      element(
        "<DeleteResult><Deleted><Key>a</Key></Deleted>"
          + "<Error><Key>b&amp;</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
          + "<Error><Key>c</Key><Code>NoSuchKey</Code></Error>"
          + "<Error><Key>d</Key><Code>SlowDown</Code></Error></DeleteResult>"))
    #expect(Set(result.errors.keys) == [ObjectKey("b&"), ObjectKey("d")])
    #expect(result.errors[ObjectKey("b&")]?.kind == .accessDenied)
    #expect(result.errors[ObjectKey("b&")]?.message == "no")
    #expect(result.errors[ObjectKey("d")]?.kind == .throttled)
  }

  @Test func anErrorDocumentIsRead() throws {
    let document = ErrorDocument(
      body: Array(
        ("<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>m</Message>"
          + "<Region>eu-west-1</Region><RequestId>r</RequestId></Error>").utf8))
    #expect(document?.code == "NoSuchKey")
    #expect(document?.message == "m")
    #expect(document?.region == "eu-west-1")
    #expect(document?.requestID == "r")
    for page in ["", "<html><body>Bad gateway</body></html>", "<Error/>", "{\"Code\": 1}"] {
      #expect(ErrorDocument(body: Array(page.utf8)) == nil)
    }
  }

  @Test func thePartsOfAnUploadAreListedInOrder() throws {
    let root = try XMLElement(
      document: RequestDocument.completeUpload([
        UploadedPart(number: 10, etag: ETag("b<&>"), size: 1),
        UploadedPart(number: 9, etag: ETag("\"a\""), size: 1),
      ]))
    #expect(root.name == "CompleteMultipartUpload")
    #expect(root.all("Part").map { $0.child("PartNumber")?.text } == ["9", "10"])
    #expect(root.all("Part").map { $0.child("ETag")?.text } == ["\"a\"", "\"b<&>\""])
  }

  @Test func theKeysOfADeletionAreEscaped() throws {
    let keys = ["a&b", "<Key>", "]]>", "\"'", "a\r\nb\tc", "ä a\u{308} 😀", " x "].map(
      ObjectKey.init)
    let root = try XMLElement(document: RequestDocument.delete(keys))
    #expect(root.child("Quiet")?.text == "true")
    #expect(root.all("Object").map { ObjectKey($0.child("Key")?.text ?? "") } == keys)
  }

  @Test func aBucketIsMadeInItsRegion() throws {
    let root = try XMLElement(document: RequestDocument.createBucket(region: "eu&<"))
    #expect(root.name == "CreateBucketConfiguration")
    #expect(root.child("LocationConstraint")?.text == "eu&<")
  }
}
