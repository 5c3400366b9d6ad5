import Glibc
import MediaFSTesting
import Testing

extension MountTests {
  /// Files that the store has, larger than is worth sending whole, in a cache that a reader of
  /// something else keeps full: bytes come, change, go up in part, go, and come again.
  @Suite struct FilesThatComeAndGo {
    private static let program = TestEnvironment.built("fileexerciser")
    /// In bytes; what is smaller is sent whole.
    private static let size = 40 << 20
    private static let files = ["a", "b"]
    /// Changes everywhere, then so few each time that most parts stay as they are.
    private static let rounds = [2_000, 6, 6, 6, 6]

    @Test func whatIsHereAndWhatIsThereAgree() throws {
      try Stage.play { stage in
        let expected = try stage.directory.directory("expected")
        for name in Self.files {
          try shell("head -c \(Self.size) /dev/urandom > \"$1\"", "\(expected)/\(name)")
          try stage.bucket.upload("media/\(name)", file: "\(expected)/\(name)")
        }
        try shell("head -c 256M /dev/urandom > \"$1\"", stage.path("film"))
        try stage.bucket.upload("media/film", file: stage.path("film"))
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access,
          options: [
            "cache.size": "128MiB", "cache.min_free": "0%", "upload.delay": "200ms",
            "upload.max_delay": "2s",
          ])
        try Self.whileReading(mount.directory + "/film") {
          for (round, operations) in Self.rounds.enumerated() {
            try Self.exercise(in: mount.directory, expected, round: round, operations: operations)
            try mount.flush()
          }
        }
        #expect(try mount.status()["cache"]?["evictions"]?.int ?? 0 > 0)
        #expect(try proxy.requests().contains { $0.copies && $0.query.contains("partNumber") })
        for name in Self.files {
          let sum = try shell("sha256sum < \"$1\" | cut -d ' ' -f 1", "\(expected)/\(name)")
          #expect(try stage.bucket.sha256("media/\(name)") + "\n" == sum)
        }
      }
    }

    private static func exercise(
      in directory: String, _ expected: String, round: Int, operations: Int
    ) throws {
      let children = try files.enumerated().map { index, name in
        try ChildProcess([
          program, "--keep", "--seed", "\(round * files.count + index + 1)", "--operations",
          "\(operations)", "--size", "\(size)", "\(directory)/\(name)", "\(expected)/\(name)",
        ])
      }
      for child in children {
        let exit = try child.wait(within: .seconds(120))
        #expect(exit == .code(0), "\(child.standardOutput)\(child.standardError)")
      }
    }

    /// Another process reads a file again and again meanwhile.
    private static func whileReading(_ path: String, _ body: () throws -> Void) throws {
      let script = """
        import sys
        while True:
            with open(sys.argv[1], "rb", buffering=0) as film:
                while film.read(1 << 20): pass
        """
      let reader = try ChildProcess(["python3", "-c", script, path])
      try body()
      #expect(reader.poll() == nil, "\(reader.standardError)")
      reader.signal(SIGKILL)
      _ = try reader.wait(within: .seconds(10))
    }
  }
}
