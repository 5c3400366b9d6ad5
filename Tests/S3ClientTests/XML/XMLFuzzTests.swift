import MediaFSTesting
import ObjectStorage
import Testing

@testable import S3Client

/// Documents damaged at random: each is read or refused, none traps.
@Suite struct XMLFuzzTests {
  private static let documents = 20_000

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

  /// What parsers stumble over.
  private static let fragments: [[UInt8]] = [
    "<", ">", "&", ";", "&#", "&#x", "&#xFFFFFFFF;", "</", "/>", "\"", "'", "=", "<!", "<?", "]]>",
    "%", "%F", "<a>", "</a>", "-1", "99999999999999999999", "\u{0}", "\u{1F600}",
  ].map { Array($0.utf8) }

  @Test func aDamagedDocumentNeverTraps() {
    let seed = UInt64.random(in: .min ... .max)
    print("XMLFuzzTests: seed \(seed)")
    var random = SeededRandom(seed: seed)
    var accepted = 0
    for _ in 0..<Self.documents {
      var document = Self.originals.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) { Self.damage(&document, &random) }
      if Self.decode(document) { accepted += 1 }
    }
    // Both ways have been gone: damage in a text is often harmless.
    #expect(accepted > 0 && accepted < Self.documents, "seed \(seed)")
  }

  private static func damage(_ document: inout [UInt8], _ random: inout SeededRandom) {
    let place = Int.random(in: 0...document.count, using: &random)
    let end = min(document.count, place + Int.random(in: 0...12, using: &random))
    switch Int.random(in: 0..<6, using: &random) {
    case 0: document.removeSubrange(place...)
    case 1: document.removeSubrange(place..<end)
    case 2: document.insert(contentsOf: document[place..<end], at: place)
    case 3: document.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: place)
    case 4: document.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
    default:
      guard place < document.count else { return }
      document[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }
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
