import ObjectStorage
import Testing

@testable import S3Client

@Suite struct ListingDocumentTests {
  private func element(_ text: String) throws -> XMLElement {
    try XMLElement(document: Array(text.utf8))
  }

  private func page(_ content: String) throws -> ListPage {
    try ListBucketResult(element("<ListBucketResult>\(content)</ListBucketResult>")).page
  }

  private func object(_ key: String, size: String = "1") -> String {
    "<Contents><Key>\(key)</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>"
      + "<ETag>&quot;abc&quot;</ETag><Size>\(size)</Size><StorageClass>STANDARD</StorageClass>"
      + "</Contents>"
  }

  @Test func aPageOfAListingIsRead() throws {
    let found = try page(
      "<Name>b</Name><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        + object("a%2Fb+c%C3%A4", size: "9223372036854775807") + object("z")
        + "<CommonPrefixes><Prefix>a/x%20y/</Prefix></CommonPrefixes>"
        + "<NextContinuationToken>t+/=&amp;</NextContinuationToken>")
    #expect(found.objects.map(\.key) == [ObjectKey("a/b cä"), ObjectKey("z")])
    #expect(found.objects.first?.size == .max)
    #expect(found.objects.first?.etag == ETag("abc"))
    #expect(found.objects.first?.lastModified == Timestamp(seconds: 1_255_369_830))
    #expect(found.commonPrefixes == [ObjectKey("a/x y/")])
    #expect(found.continuation == "t+/=&")
  }

  @Test func keysStayAsTheyAreWhereTheAnswerSaysNothingOfAnEncoding() throws {
    let found = try page("<IsTruncated>false</IsTruncated>" + object("a%2Fb+c"))
    #expect(found.objects.map(\.key) == [ObjectKey("a%2Fb+c")])
    #expect(found.continuation == nil)
    #expect(try page("") == ListPage())
  }

  @Test(arguments: [
    "", "-1", "+", "1.5", " 1", "1e3", "9223372036854775808", "99999999999999999999999", "１", "0x1",
  ])
  func aSizeThatIsNoNumberIsRefused(_ size: String) {
    #expect(throws: XMLError(.invalidValue, "Size")) { try page(object("a", size: size)) }
  }

  @Test func aPageMustNotLackWhatItPromises() {
    #expect(throws: XMLError(.missingElement, "NextContinuationToken")) {
      try page("<IsTruncated>true</IsTruncated>")
    }
    #expect(throws: XMLError(.missingElement, "Key")) { try page("<Contents/>") }
    #expect(throws: XMLError(.missingElement, "Prefix")) { try page("<CommonPrefixes/>") }
    #expect(throws: XMLError(.invalidValue, "Key")) {
      try page("<EncodingType>url</EncodingType>" + object("a%2"))
    }
    #expect(throws: XMLError(.invalidValue, "Key")) {
      try page("<EncodingType>url</EncodingType>" + object("%FF"))
    }
    #expect(throws: XMLError(.invalidValue, "LastModified")) {
      try page(object("a").replacing("2009-10-12", with: "yesterday"))
    }
  }

  @Test func theFirstOfDuplicatedElementsCounts() throws {
    let found = try page(
      "<IsTruncated>false</IsTruncated><IsTruncated>true</IsTruncated>"
        + object("a").replacing("<Key>a</Key>", with: "<Key>a</Key><Key>b</Key>"))
    #expect(found.objects.map(\.key) == [ObjectKey("a")])
  }

  @Test func unfinishedUploadsAreRead() throws {
    let upload = "<Upload><Key>a%2Bb</Key><UploadId>u1</UploadId>"
    let result = try ListUploadsResult(
      element(
        "<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
          + "<NextKeyMarker>n%20k</NextKeyMarker><NextUploadIdMarker>u9</NextUploadIdMarker>"
          + "<IsTruncated>true</IsTruncated>\(upload)"
          + "<Initiated>2009-10-12T17:50:30Z</Initiated></Upload></ListMultipartUploadsResult>"))
    #expect(
      result.uploads == [
        UnfinishedUpload(
          key: ObjectKey("a+b"), upload: UploadID("u1"),
          initiated: Timestamp(seconds: 1_255_369_830))
      ])
    #expect(result.next?.key == "n k")
    #expect(result.next?.upload == "u9")
  }

  @Test func partsAreRead() throws {
    func parts(_ number: String) throws -> ListPartsResult {
      try ListPartsResult(
        element(
          "<ListPartsResult><IsTruncated>true</IsTruncated><Part><PartNumber>\(number)</PartNumber>"
            + "<ETag>\"e\"</ETag><Size>5</Size></Part>"
            + "<NextPartNumberMarker>7</NextPartNumberMarker></ListPartsResult>"))
    }
    let result = try parts("7")
    #expect(result.parts == [UploadedPart(number: 7, etag: ETag("e"), size: 5)])
    #expect(result.nextMarker == "7")
    #expect(throws: XMLError(.invalidValue, "PartNumber")) { try parts("99999999999999999999") }
  }

  @Test func aDocumentWithAnotherRootIsRefused() throws {
    let root = try element("<html/>")
    let expected = XMLError(.unexpectedElement, "html")
    #expect(throws: expected) { try ListBucketResult(root) }
    #expect(throws: expected) { try ListUploadsResult(root) }
    #expect(throws: expected) { try ListPartsResult(root) }
    #expect(throws: expected) { try InitiateUploadResult(root) }
    #expect(throws: expected) { try WrittenObjectResult(root, named: "CopyObjectResult") }
    #expect(throws: expected) { try DeleteResult(root) }
    #expect(throws: expected) { try ErrorDocument(root) }
  }
}
