import ObjectStorage
import Testing

@testable import S3Client

/// Paths and headers as both sides of a signature have to derive them.
@Suite struct CanonicalRequestTests {
  private static let location = BucketLocation(
    endpoint: S3Endpoint(region: "us-east-1"), bucket: "bucket", addressing: .path)

  /// Keys with the path that S3 expects: encoded once, never normalised.
  static let keys = [
    ("a b", "a%20b"), ("a+b", "a%2Bb"), ("100%", "100%25"), ("%20", "%2520"), ("a#b", "a%23b"),
    ("a?b", "a%3Fb"), ("a&b=c", "a%26b%3Dc"), ("~a-b_c.d", "~a-b_c.d"),
    ("(a)'*'", "%28a%29%27%2A%27"), ("ä", "%C3%A4"), ("a\u{308}", "a%CC%88"),
    ("日本", "%E6%97%A5%E6%9C%AC"), ("😀", "%F0%9F%98%80"), ("a//b", "a//b"), ("/a", "/a"),
    ("a/", "a/"), ("a/../b", "a/../b"), ("./a", "./a"), ("..", ".."), ("\n\u{7F}", "%0A%7F"),
    ("a\\b|c\"<>^`{}[]", "a%5Cb%7Cc%22%3C%3E%5E%60%7B%7D%5B%5D"),
    ("a:b;c,d@e!$", "a%3Ab%3Bc%2Cd%40e%21%24"),
  ]

  @Test(arguments: keys) func aKeyIsEncodedOnce(_ key: String, _ path: String) {
    let target = Self.location.target(ObjectKey(key))
    #expect(target.path.utf8.elementsEqual("/bucket/\(path)".utf8))
    #expect(target.url.utf8.elementsEqual("https://s3.us-east-1.amazonaws.com/bucket/\(path)".utf8))
    let request = CanonicalRequest(.get, target, headers: HTTPHeaders(), payload: "p")
    #expect(request.text.utf8.elementsEqual("GET\n/bucket/\(path)\n\n\n\np".utf8))
  }

  @Test func theQueryIsSortedByEncodedNameAndValue() {
    let target = Self.location.target(
      nil,
      query: [
        QueryItem("uploads"), QueryItem("b", "ä"), QueryItem("b", "/ +"), QueryItem("B", "~"),
        QueryItem("a-b", "1"), QueryItem("a", "2"),
      ])
    #expect(target.canonicalQuery == "B=~&a=2&a-b=1&b=%2F%20%2B&b=%C3%A4&uploads=")
    // What is sent keeps its order, and a subresource has no "=".
    #expect(target.url.hasSuffix("/bucket?uploads&b=%C3%A4&b=%2F%20%2B&B=~&a-b=1&a=2"))
  }

  @Test func headersAreSortedAndTheirSpaceIsFolded() {
    let headers = HTTPHeaders([("X-B", "  two   words "), ("x-a-b", "1"), ("X-A", "")])
    let request = CanonicalRequest(
      .put, Self.location.target(nil), headers: headers, payload: "hash")
    #expect(request.signedHeaders == "x-a;x-a-b;x-b")
    #expect(
      request.text == "PUT\n/bucket\n\nx-a:\nx-a-b:1\nx-b:two words\n\nx-a;x-a-b;x-b\nhash")
  }
}
