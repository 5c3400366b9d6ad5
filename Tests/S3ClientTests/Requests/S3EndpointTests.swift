import Testing

@testable import S3Client

@Suite struct S3EndpointTests {
  static let accepted = [
    ("http://localhost", "http", "localhost", ""),
    ("HTTPS://S3.Example.COM:443/", "https", "s3.example.com", ""),
    ("http://127.0.0.1:80", "http", "127.0.0.1", ""),
    ("http://127.0.0.1:9000/", "http", "127.0.0.1:9000", ""),
    ("https://[::1]:8443/base/path//", "https", "[::1]:8443", "/base/path"),
    ("https://[::1]", "https", "[::1]", ""),
    ("https://host:80", "https", "host:80", ""),
    ("http://host:443", "http", "host:443", ""),
  ]

  @Test(arguments: accepted)
  func anAddressIsTakenApart(
    _ text: String, _ scheme: String, _ host: String, _ path: String
  ) throws {
    let endpoint = try #require(S3Endpoint(text))
    #expect(endpoint.scheme == scheme)
    #expect(endpoint.host == host)
    #expect(endpoint.basePath == path)
    #expect(endpoint.isEncrypted == (scheme == "https"))
  }

  @Test(arguments: [
    "", "host", "ftp://host", "http:/host", "http://", "http:///path", "http://:80",
    "http://host:", "http://host:0", "http://host:65536", "http://host:-1", "http://host:port",
    "http://host:+80", "http://user@host", "http://user:word@host", "http://host?query",
    "http://host/#part", "http://a b", "http://host\r\nX: y", "http://hôst", "http://a\\b",
    "http://{host}", "http://a|b",
  ])
  func whatIsNoAddressIsRefused(_ text: String) {
    #expect(S3Endpoint(text) == nil)
  }

  @Test(arguments: [
    ("us-east-1", "https://s3.us-east-1.amazonaws.com"),
    ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
  ])
  func aRegionHasItsEndpoint(_ region: String, _ address: String) {
    #expect(S3Endpoint(region: region).description == address)
  }

  @Test(arguments: [
    ("http://localhost:9000", "localhost"), ("http://[::1]:9000", "[::1]"),
    ("http://[::1]", "[::1]"), ("http://host", "host"),
  ])
  func theHostNameHasNoPort(_ text: String, _ name: String) throws {
    #expect(try #require(S3Endpoint(text)).hostName == name)
  }
}
