import MediaFSTesting
import Testing

extension MountTests {
  /// An object of 1 GiB behind a link of 20 MB/s.
  @Suite struct SlowLink {
    static let rate = 20_000_000
    static let size = 1 << 30
    static let mebibyte = 1 << 20
    /// What issue A grants from open to the last byte, in seconds.
    static let firstBytesLimit = 0.5
    static let readers = 20
    /// Bytes of an abandoned answer that were on their way when it was abandoned.
    static let inFlight = 8 << 20

    private static func withSlowObject(_ scenario: (Stage, S3Proxy, String) throws -> Void) throws {
      try Stage.play { stage in
        let file = stage.path("large")
        try makeRandomFile(at: file, size: size)
        try stage.bucket.upload("media/large.mp4", file: file)
        let proxy = try S3Proxy(to: stage.bucket.access)
        try proxy.limit(bytesPerSecond: rate)
        try scenario(stage, proxy, file)
      }
    }

    @Test(.executes("Reading", "Reads are served from the cache"))
    func headAndTailArriveInUnderHalfASecond() throws {
      try Self.withSlowObject { stage, proxy, original in
        let mount = try stage.mount(through: proxy.access)
        let file = mount.directory + "/large.mp4"
        for offset in [0, -Self.mebibyte] {
          let arguments = ["\(offset)", "\(Self.mebibyte)"]
          let script = ["python3", TestEnvironment.support("firstbyte.py")]
          let wanted = try JSON(parsing: try succeed(script + [original] + arguments))
          let got = try JSON(parsing: try succeed(script + [file] + arguments))
          #expect(got["sha256"] == wanted["sha256"])
          #expect(got["bytes"]?.int == Self.mebibyte)
          let seconds = try #require(got["seconds"]?.number)
          #expect(seconds < Self.firstBytesLimit, "1 MiB at \(offset) took \(seconds) s")
        }
        try expectModestMemory(mount)
      }
    }

    @Test(.executes("Reading", "Reads are served from the cache"))
    func twentyReadersCauseOneDownload() throws {
      try Self.withSlowObject { stage, proxy, original in
        let mount = try stage.mount(through: proxy.access)
        let file = mount.directory + "/large.mp4"
        let readers = try (0..<Self.readers).map { _ in
          try ChildProcess(["sha256sum", "--zero", file])
        }
        let digest = try succeed(["sha256sum", original]).prefix(64)
        for reader in readers {
          #expect(try reader.wait(within: .seconds(300)) == .code(0), "\(reader.standardError)")
          #expect(reader.standardOutput.prefix(64) == digest)
        }

        let gets = try proxy.requests().filter {
          $0.method == "GET" && $0.path.hasSuffix("/large.mp4")
        }
        // One that got no byte was given up and asked for again.
        let ranges = gets.filter { $0.sent > 0 }.compactMap(\.range)
        #expect(Set(ranges).count == ranges.count, "a range was asked for twice: \(ranges)")
        #expect(gets.count(where: { $0.range == nil }) <= 1)
        let sent = gets.reduce(0) { $0 + $1.sent }
        #expect((Self.size...Self.size + Self.inFlight).contains(sent), "\(sent) bytes were sent")
        try expectModestMemory(mount)
      }
    }
  }
}
