import MediaFSTesting
import ObjectStorage
import Testing

@testable import CurlHTTP
@testable import S3Client

/// Heads of answers from a store that means no good, or is broken.
@Suite struct HostileHeaderTests {
  private static let heads = [
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/20\r\nContent-Length: 5\r\n"
      + "ETag: \"abc\"\r\nLast-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n"
      + "x-amz-meta-mtime: 1369353600.5\r\nx-amz-meta-name: J%C3%BCrgen\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Slow Down\r\nRetry-After: 3\r\n\r\n",
    "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-west-1\r\n"
      + "Retry-After: 120\r\nLocation: http://elsewhere/\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx-amz-checksum-crc32c: yZRlqg==\r\nx-amz-checksum-type: FULL_OBJECT\r\n"
      + "ETag: W/\"abc-2\"\r\n\r\n",
  ]

  @Test func aDamagedHeadIsReadOrRefused() {
    var (complete, refused) = (0, 0)
    var (regions, checksums) = (0, 0)
    let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
    HostileInput(Self.heads).each("head of an answer") { input, _ in
      var head = ResponseHead()
      for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
        if head.isComplete { break }
        guard head.append(line + [UInt8(ascii: "\n")]) else {
          refused += 1
          return
        }
      }
      if head.isComplete { complete += 1 }
      _ = ObjectHeaders(head.headers)
      if let length = head.headers.integer("content-length") { #expect(length >= 0) }
      if let text = head.headers["content-range"], let content = ContentRange(text) {
        #expect(content.range.lowerBound >= 0 && content.range.upperBound <= content.size)
      }
      _ = head.headers["last-modified"].flatMap(HTTPDate.parse)
      let failure = S3Failure(
        status: head.status, headers: head.headers, document: nil, isObjectHead: true)
      #expect(failure.retryAfter.map { $0 >= .zero } ?? true)
      // It becomes a part of a host's name.
      if let region = failure.region {
        regions += 1
        #expect(region.utf8.allSatisfy(letters.contains))
      }
      if let checksum = head.headers.objectChecksum {
        checksums += 1
        #expect(ObjectChecksum(checksum.algorithm, text: checksum.text) == checksum)
      }
    }
    #expect(complete > 0 && refused > 0 && regions > 0 && checksums > 0)
  }

  @Test func aHeadWithoutAnEndIsRefused() {
    var head = ResponseHead()
    let isHead = head.append(Array("HTTP/1.1 200 OK\r\n".utf8))
    #expect(isHead)
    let line = Array("x-amz-meta-a: \(String(repeating: "a", count: 1_000))\r\n".utf8)
    var taken = 0
    while head.append(line) { taken += line.count }
    #expect(taken <= ResponseHead.maximumSize)
  }

  @Test func damagedDatesAndRangesAreReadOrRefused() {
    let dates = ["Fri, 24 May 2013 00:00:00 GMT", "2009-10-12T17:50:30.000Z", "bytes 0-0/1"]
    var parsed = 0
    HostileInput(dates).each("dates and ranges") { input, _ in
      let text = String(decoding: input, as: UTF8.self)
      if let time = HTTPDate.parse(text) {
        parsed += 1
        #expect(HTTPDate.parse(HTTPDate.text(time)) == time)
      }
      _ = ListingDate.parse(text)
      if let content = ContentRange(text) { #expect(content.range.upperBound <= content.size) }
    }
    #expect(parsed > 0)
  }

  @Test func whatWasEncodedIsDecodedAgain() {
    HostileInput([""]).each("metadata and percents") { input, random in
      let text = HostileInput.text(20, &random)
      #expect(MetadataText.decode(MetadataText.encode(text)).utf8.elementsEqual(text.utf8))
      let encoded = PercentEncoding.encode(text)
      #expect(PercentEncoding.decode(encoded)?.utf8.elementsEqual(text.utf8) == true)
      let damaged = String(decoding: input, as: UTF8.self)
      _ = (MetadataText.decode(damaged), PercentEncoding.decode(damaged, plusIsSpace: true))
    }
  }

  @Test func aHeadThatIsTooLargeFailsTheCall() async throws {
    let bomb = (0..<200).map { "x-amz-meta-\($0): \(String(repeating: "a", count: 1_000))" }
    let server = try LoopbackServer([.answer(200, Reply.attributes() + bomb, "x")])
    let store = try TestWorld().store(port: server.port)
    #expect(await failure { try await store.text() }?.kind == .unavailable)
  }

  @Test(arguments: [
    "Content-Length: 18446744073709551616", "Content-Length: -1", "Content-Length: 5, 6",
    "Content-Length: 9223372036854775808",
  ])
  func aLengthThatIsNoneFailsTheCall(header: String) async throws {
    let server = try LoopbackServer([
      .text(Reply.head(200, Reply.attributes() + [header]) + "hello")
    ])
    let store = try TestWorld().store(port: server.port)
    #expect(await failure { try await store.text() } != nil)
  }

  @Test func credentialsDoNotFollowARedirectToAnotherHost() async throws {
    let elsewhere = try LoopbackServer([.object("stolen"), .object("stolen")])
    for status in [301, 302, 307, 308] {
      let server = try LoopbackServer([
        .answer(status, ["Location: http://localhost:\(elsewhere.port)/media/key"])
      ])
      let store = try TestWorld().store(port: server.port)
      #expect(await failure { try await store.text() } != nil)
    }
    #expect(elsewhere.requests.isEmpty)
    #expect(elsewhere.connectionCount == 0)
  }
}
