import ObjectStorage
import Testing

@testable import S3Client

@Suite struct S3AddressingTests {
  private func url(
    _ endpoint: String, bucket: String = "media", _ addressing: S3Addressing,
    key: ObjectKey? = ObjectKey("a/b c")
  ) throws -> String {
    let endpoint = try #require(S3Endpoint(endpoint))
    return BucketLocation(endpoint: endpoint, bucket: bucket, addressing: addressing)
      .target(key).url
  }

  @Test func theBucketIsInThePathOrInTheHost() throws {
    #expect(try url("https://s3.test", .path) == "https://s3.test/media/a/b%20c")
    #expect(try url("https://s3.test", .virtual) == "https://media.s3.test/a/b%20c")
    #expect(try url("http://s3.test:90/x/", .path) == "http://s3.test:90/x/media/a/b%20c")
    #expect(try url("http://s3.test:90/x/", .virtual) == "http://media.s3.test:90/x/a/b%20c")
  }

  @Test func theBucketItselfHasAPathToo() throws {
    #expect(try url("https://s3.test", .path, key: nil) == "https://s3.test/media")
    #expect(try url("https://s3.test", .virtual, key: nil) == "https://media.s3.test/")
    #expect(try url("https://s3.test/x", .virtual, key: nil) == "https://media.s3.test/x")
  }

  @Test(arguments: [
    "https://s3.eu-central-1.amazonaws.com", "https://s3.cn-north-1.amazonaws.com.cn",
    "https://s3.dualstack.us-west-2.amazonaws.com:8443",
  ])
  func amazonIsAddressedByHost(_ endpoint: String) throws {
    #expect(
      try url(endpoint, .auto) == endpoint.replacing("//s3.", with: "//media.s3.") + "/a/b%20c")
  }

  @Test(arguments: [
    "http://localhost:9000", "http://127.0.0.1", "http://[::1]:9000", "https://s3.example.com",
    "https://amazonaws.com.example.com", "https://notamazonaws.com",
  ])
  func otherServicesAreAddressedByPath(_ endpoint: String) throws {
    #expect(try url(endpoint, .auto) == endpoint + "/media/a/b%20c")
  }

  @Test(arguments: [
    "with.dots", "Upper", "under_score", "-first", "last-", "ab", String(repeating: "a", count: 64),
  ])
  func aBucketThatIsNoLabelIsAddressedByPath(_ bucket: String) throws {
    #expect(
      try url("https://s3.us-east-1.amazonaws.com", bucket: bucket, .auto)
        == "https://s3.us-east-1.amazonaws.com/\(bucket)/a/b%20c")
  }
}
