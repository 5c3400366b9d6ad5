import ObjectStorage
import Testing

@testable import S3Client

/// The examples that Amazon has published with their signatures.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
@Suite struct SignerTests {
  private static let credentials = Credentials(
    accessKeyID: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
  /// 2013-05-24T00:00:00Z.
  private static let scope = SigningScope(
    time: Timestamp(seconds: 1_369_353_600), region: "us-east-1")
  private static let emptyPayload = Hexadecimal.encode(Digest.sha256([]))

  struct Example: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let method: HTTPMethod
    var path = "/"
    var query: [QueryItem] = []
    var headers: [(String, String)] = []
    var payload = SignerTests.emptyPayload
    let signedHeaders: String
    let signature: String
  }

  static let examples = [
    Example(
      testDescription: "GET object with a range", method: .get, path: "/test.txt",
      headers: [("Range", "bytes=0-9")],
      signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    Example(
      testDescription: "PUT object", method: .put, path: "/test%24file.text",
      headers: [
        ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
      ],
      payload: Hexadecimal.encode(Digest.sha256(Array("Welcome to Amazon S3.".utf8))),
      signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    Example(
      testDescription: "GET bucket lifecycle", method: .get, query: [QueryItem("lifecycle")],
      signedHeaders: "host;x-amz-content-sha256;x-amz-date",
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    Example(
      testDescription: "GET bucket list", method: .get,
      query: [QueryItem("prefix", "J"), QueryItem("max-keys", "2")],
      signedHeaders: "host;x-amz-content-sha256;x-amz-date",
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
  ]

  @Test(arguments: examples) func aPublishedRequestHasItsPublishedSignature(_ example: Example) {
    let target = RequestTarget(
      scheme: "https", host: "examplebucket.s3.amazonaws.com", path: example.path,
      query: example.query)
    var headers = HTTPHeaders(example.headers)
    Signer().sign(
      example.method, target, headers: &headers, payload: example.payload,
      credentials: Self.credentials, scope: Self.scope)
    #expect(
      headers["authorization"]
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=\(example.signedHeaders),Signature=\(example.signature)")
    #expect(headers["x-amz-date"] == "20130524T000000Z")
    #expect(headers["x-amz-content-sha256"] == example.payload)
  }

  private static let object = RequestTarget(
    scheme: "https", host: "examplebucket.s3.amazonaws.com", path: "/test.txt", query: [])

  /// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  @Test func thePublishedPresignedURLIsReproduced() {
    let url = Signer().presign(
      .get, Self.object, expiry: .seconds(86_400), credentials: Self.credentials,
      scope: Self.scope)
    #expect(
      url
        == "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
  }

  @Test(arguments: [(Duration.zero, 1), (.seconds(-5), 1), (.seconds(8 * 86_400), 604_800)])
  func thePresignedLifetimeStaysWithinWhatS3Accepts(_ expiry: Duration, _ seconds: Int) {
    let url = Signer().presign(
      .get, Self.object, expiry: expiry, credentials: Self.credentials, scope: Self.scope)
    #expect(url.contains("&X-Amz-Expires=\(seconds)&"))
  }

  @Test func aSessionTokenIsSentAndSigned() {
    let temporary = Credentials(
      accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret", sessionToken: "to/ken+=")
    var headers = HTTPHeaders()
    Signer().sign(
      .get, Self.object, headers: &headers, payload: Self.emptyPayload, credentials: temporary,
      scope: Self.scope)
    #expect(headers["x-amz-security-token"] == "to/ken+=")
    #expect(headers["authorization"]?.contains("x-amz-date;x-amz-security-token,") == true)
    let url = Signer().presign(
      .get, Self.object, expiry: .seconds(60), credentials: temporary, scope: Self.scope)
    #expect(url.contains("&X-Amz-Security-Token=to%2Fken%2B%3D&X-Amz-Signature="))
  }

  @Test func aSignerDoesNotMixUpSecretsDaysAndRegions() {
    let signer = Signer()
    let other = Credentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "other")
    let tomorrow = Timestamp(seconds: 1_369_353_600 + 86_400)
    let cases: [(Credentials, SigningScope)] = [
      (other, Self.scope), (Self.credentials, Self.scope),
      (Self.credentials, SigningScope(time: tomorrow, region: "us-east-1")),
      (Self.credentials, SigningScope(time: tomorrow, region: "eu-central-1")),
      (Self.credentials, Self.scope),
    ]
    for (credentials, scope) in cases {
      var (kept, fresh) = (HTTPHeaders(), HTTPHeaders())
      signer.sign(
        .get, Self.object, headers: &kept, payload: Self.emptyPayload, credentials: credentials,
        scope: scope)
      Signer().sign(
        .get, Self.object, headers: &fresh, payload: Self.emptyPayload, credentials: credentials,
        scope: scope)
      #expect(kept == fresh)
    }
  }
}
