import MediaFSTesting
import ObjectStorage
import Testing

@testable import S3Client

/// Documents damaged at random: each is read or refused, none traps.
@Suite struct XMLFuzzTests {
  private static let originals: [[UInt8]] = [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3/\">"
      + "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents>"
      + "<Key>a%2Fb%C3%A4</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>"
      + "<ETag>&quot;a&#x62;c&quot;</ETag><Size>9223372036854775807</Size></Contents>"
      + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
      + "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
    "<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>e</ETag><Size>5</Size></Part>"
      + "<IsTruncated>false</IsTruncated></ListPartsResult>",
    "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
      + "<NextUploadIdMarker>u</NextUploadIdMarker><Upload><Key>\u{1F600}</Key>"
      + "<UploadId>u</UploadId><Initiated>2009-10-12T17:50:30Z</Initiated></Upload>"
      + "</ListMultipartUploadsResult>",
    "<DeleteResult><Error><Key>k</Key><Code>SlowDown</Code></Error></DeleteResult>",
    "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
    "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>",
  ].map { Array($0.utf8) }

  @Test func aDamagedDocumentNeverTraps() {
    var (accepted, refused) = (0, 0)
    HostileInput(bytes: Self.originals).each("XML") { document, _ in
      if Self.decode(document) { accepted += 1 } else { refused += 1 }
    }
    // Both ways have been gone: damage in a text is often harmless.
    #expect(accepted > 0 && refused > 0)
  }

  /// Gives the tree to every decoder; false when there is none.
  private static func decode(_ document: [UInt8]) -> Bool {
    guard let root = try? XMLElement(document: document) else { return false }
    _ = try? ListBucketResult(root)
    _ = try? ListUploadsResult(root)
    _ = try? ListPartsResult(root)
    _ = try? InitiateUploadResult(root)
    _ = try? WrittenObjectResult(root, named: "CopyObjectResult")
    _ = try? DeleteResult(root)
    _ = try? ErrorDocument(root)
    return true
  }
}
