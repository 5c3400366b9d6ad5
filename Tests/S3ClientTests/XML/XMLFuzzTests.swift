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
    "<CopyPartResult><LastModified>2009-10-12T17:50:30.000Z</LastModified><ETag>\"e\"</ETag>"
      + "<ChecksumCRC32C>yZRlqg==</ChecksumCRC32C></CopyPartResult>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult xmlns=\"http://s3/\">"
      + "<Bucket>b</Bucket><Key>a/b</Key><UploadId>2~VmlkZW8&amp;</UploadId>"
      + "</InitiateMultipartUploadResult>",
    "<CompleteMultipartUploadResult xmlns=\"http://s3/\"><Location>http://s3/b/k</Location>"
      + "<Bucket>b</Bucket><Key>k</Key><ETag>&quot;abc-9&quot;</ETag>"
      + "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></CompleteMultipartUploadResult>",
  ].map { Array($0.utf8) }

  @Test func aDamagedDocumentNeverTraps() {
    let decoders = Self.decoders()
    var (accepted, refused) = (Set<String>(), 0)
    HostileInput(bytes: Self.originals).each("XML") { document, _ in
      guard let root = try? XMLElement(document: document) else {
        refused += 1
        return
      }
      for (name, decode) in decoders where (try? decode(root)) != nil {
        accepted.insert(name)
      }
    }
    // Both ways have been gone, and by every decoder: damage in a text is often harmless.
    #expect(refused > 0)
    #expect(accepted == Set(decoders.map(\.name)))
  }

  private typealias Decoder = (name: String, decode: (XMLElement) throws -> Any)

  private static func decoders() -> [Decoder] {
    let written = ["CompleteMultipartUploadResult", "CopyObjectResult", "CopyPartResult"]
    return [
      ("ListBucketResult", { try ListBucketResult($0) }),
      ("ListMultipartUploadsResult", { try ListUploadsResult($0) }),
      ("ListPartsResult", { try ListPartsResult($0) }),
      ("InitiateMultipartUploadResult", { try InitiateUploadResult($0) }),
      ("DeleteResult", { try DeleteResult($0) }),
      ("Error", { try ErrorDocument($0) }),
    ] + written.map { name in (name, { try WrittenObjectResult($0, named: name) }) }
  }

  /// In documents and header fields.
  @Test func aDamagedChecksumIsReadOrRefused() {
    var (read, refused) = (Set<ChecksumAlgorithm>(), 0)
    HostileInput(["rosUhgp5mIg=", "yZRlqg==", "AAAAAAAAAAA=", "/////w==", "yZRlqg==-3"]).each(
      "checksums"
    ) { input, _ in
      let text = String(decoding: input, as: UTF8.self)
      for algorithm in ChecksumAlgorithm.allCases {
        guard let checksum = ObjectChecksum(algorithm, text: text) else {
          refused += 1
          continue
        }
        read.insert(algorithm)
        #expect(algorithm.width == 64 || checksum.value >> algorithm.width == 0, "\(text)")
        #expect(ObjectChecksum(algorithm, text: checksum.text) == checksum, "\(text)")
      }
    }
    #expect(read.count == ChecksumAlgorithm.allCases.count && refused > 0)
  }
}
