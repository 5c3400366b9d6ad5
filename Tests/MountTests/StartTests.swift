import MediaFSTesting
import Testing

extension MountTests {
  /// How a mount begins: alone on its state, and with whatever an earlier one has left.
  @Suite(.serialized) struct Start {
    /// Another mount point, the same cache: the second daemon says who is there, and the first one
    /// does not notice.
    @Test(.executes("What survives what", "Only one daemon uses a state directory"))
    func aSecondDaemonNamesTheFirst() throws {
      try Stage.play { stage in
        let first = try stage.mount()
        try shell("echo acknowledged > \"$1/file\"", first.directory)
        let daemon = try #require(first.daemon)
        let other = try stage.directory.directory("other")
        let command = Mount.command(
          "s3://\(stage.bucket.name)/media", on: other,
          options: [
            "s3.endpoint": stage.bucket.access.url, "cache.directory": stage.path("cache"),
          ])
        let finished = try run(
          command, environment: stage.bucket.access.credentials, within: .seconds(60))
        #expect(finished.exit == .code(23), "\(finished)")
        #expect(finished.errors.split(separator: "\n").count == 1, "\(finished)")
        #expect(finished.errors.contains("process \(daemon), mounted on \(first.directory)"))
        #expect(try !Mount.isMounted(other))
        #expect(try succeed(["cat", first.directory + "/file"]) == "acknowledged\n")
        try first.unmount(drains: true)
      }
    }

    /// Files that a killed daemon has left, half of them open when it died.
    private static let heldFiles = 60
    /// `mediafs mount` is ready within so long here, a debug build on a busy machine too; in ms.
    private static let longestStart = 600

    /// A migration that makes an index of them takes longer than all others together.
    private static let rememberedDeletes = 200_000

    /// Makes files on a mount and kills its daemon.
    private static func makeHeldFiles(on mount: Mount) throws {
      let writer = try Dialogue(
        ["python3", TestEnvironment.support("catalog/held.py"), "make", mount.directory]
          + ["\(heldFiles)"])
      #expect(try writer.line(within: .seconds(60)) == "made")
      try mount.crash()
      writer.close()
    }

    private static func checkHeldFiles(at directory: String) throws {
      let finished = try run(
        ["python3", TestEnvironment.support("catalog/held.py"), "check", directory]
          + ["\(heldFiles)"], within: .seconds(120))
      #expect(finished.exit == .code(0), "\(finished)")
    }

    /// Kills a daemon with SIGKILL a while after its exec, and takes its dead mount away.
    private static func startAndKill(
      on stage: Stage, cache: String, after milliseconds: Int, options: [String: String] = [:]
    ) throws {
      let seconds = Double(milliseconds) / 1_000
      let command = command(on: stage, cache: cache, options: options)
      let finished = try run(
        ["timeout", "-s", "KILL", "\(seconds)"] + command,
        environment: stage.bucket.access.credentials, within: .seconds(60))
      guard finished.exit == .signal(9) || finished.exit == .code(137) else {
        throw HarnessError("the daemon ended by itself: \(finished)")
      }
      Mount.end(stage.path("mount"))
    }

    private static func command(
      on stage: Stage, cache: String, options: [String: String]
    ) -> [String] {
      Mount.command(
        "s3://\(stage.bucket.name)/media", on: stage.path("mount"),
        options: [
          "s3.endpoint": stage.bucket.access.url, "cache.directory": stage.path(cache),
          "upload.delay": "0s",
        ].merging(options) { $1 }) + ["--foreground"]
    }

    /// Migrations that a catalog has seen. A daemon starts before, where `count` is given, and is
    /// killed once there are so many.
    private static func migrations(
      on stage: Stage, cache: String, killedAt count: Int = 0
    ) throws -> Int {
      let output = try run(
        ["python3", TestEnvironment.support("catalog/midway.py")]
          + [stage.path("\(cache)/catalog.sqlite"), "\(count)"]
          + command(on: stage, cache: cache, options: ["upload.enabled": "false"]),
        environment: stage.bucket.access.credentials, within: .seconds(120))
      Mount.end(stage.path("mount"))
      guard output.exit == .code(0), let number = Int(output.output.dropLast()) else {
        throw HarnessError("\(output)")
      }
      return number
    }

    /// Every file is there, reaches the store, and is nowhere else.
    private static func expectHeldFiles(on stage: Stage, cache: String) throws {
      let mount = try stage.mount(cache: cache)
      try checkHeldFiles(at: mount.directory)
      try mount.flush()
      #expect(try mount.status()["violations"]?.int == 0)
      try mount.unmount()
      let fresh = try stage.mount(cache: cache + " of another")
      try checkHeldFiles(at: fresh.directory)
      try fresh.unmount()
    }

    @Test(.executes("What survives what", "The same holds for a daemon that dies while it starts"))
    func itIsKilledAtAnyMomentOfItsStart() throws {
      let seed = UInt64.random(in: 0...UInt64.max)
      print("kills of seed \(seed)")
      var random = SeededRandom(seed: seed)
      try Stage.play { stage in
        try Self.makeHeldFiles(on: try stage.mount(options: ["upload.enabled": "false"]))
        for _ in 0..<50 {
          try Self.startAndKill(
            on: stage, cache: "cache",
            after: Int.random(in: 1...Self.longestStart, using: &random))
        }
        try Self.expectHeldFiles(on: stage, cache: "cache")
      }
    }

    /// Each migration is one transaction, so what a killed daemon leaves is of one version.
    @Test(.executes("What survives what", "The same holds for a daemon that dies while it starts"))
    func itIsKilledWhileItMigratesAnOldCatalog() throws {
      let seed = UInt64.random(in: 0...UInt64.max)
      print("kills of seed \(seed)")
      var random = SeededRandom(seed: seed)
      try Stage.play { stage in
        try Self.makeHeldFiles(on: try stage.mount(options: ["upload.enabled": "false"]))
        // A daemon ends well, and its catalog becomes an old one.
        try stage.mount(options: ["upload.enabled": "false"]).unmount()
        try succeed(
          ["python3", TestEnvironment.support("catalog/older.py")]
            + [stage.path("cache/catalog.sqlite"), "\(Self.rememberedDeletes)"])
        let oldest = try Self.migrations(on: stage, cache: "cache")
        var left: [Int] = []
        for number in 0..<12 {
          let cache = "copy \(number)"
          try succeed(["cp", "-a", stage.path("cache"), stage.path(cache)])
          if number < 4 {
            // The one that takes long, and those before.
            left.append(
              try Self.migrations(on: stage, cache: cache, killedAt: oldest + number))
          } else {
            try Self.startAndKill(
              on: stage, cache: cache,
              after: Int.random(in: 30...Self.longestStart / 2, using: &random),
              options: ["upload.enabled": "false"])
            left.append(try Self.migrations(on: stage, cache: cache))
          }
          let mount = try stage.mount(cache: cache, options: ["upload.enabled": "false"])
          try Self.checkHeldFiles(at: mount.directory)
          mount.kill()
        }
        try Self.expectHeldFiles(on: stage, cache: "cache")
        let newest = try Self.migrations(on: stage, cache: "cache")
        print("migrations after the kills: \(left), of \(newest)")
        #expect(left.contains { $0 > oldest && $0 < newest }, "no kill fell between migrations")
      }
    }

    /// With files that the store does not have, and without the store.
    @Test(
      .executes("When the catalog is damaged", "A catalog that SQLite finds damaged"),
      .executes("When the catalog is damaged", "Files that were not uploaded"),
      .executes("When the catalog is damaged", "What only the catalog knew is lost"),
      arguments: ["header", "pages", "cut"])
    func aDamagedCatalogCostsNoBytes(_ kind: String) throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        try shell("mkdir \"$1/0\"; echo old > \"$1/0/clean\"", mount.directory)
        try stage.bucket.put("media/0/remote", String(repeating: "remote ", count: 100_000))
        try mount.flush()
        try eventually("a new file", within: .seconds(30)) {
          try succeed(["ls", mount.directory + "/0"]).contains("remote")
        }
        try succeed(["stat", mount.directory + "/0/remote"])
        try proxy.stop()
        // Of neither is left more than the catalog knows.
        try shell(
          """
          ln -s nowhere "$1/link"
          printf changed | dd of="$1/0/remote" bs=1 seek=300000 conv=notrunc status=none
          """, mount.directory)
        try Self.makeHeldFiles(on: mount)
        try succeed(
          ["python3", TestEnvironment.support("catalog/damage.py"), kind]
            + [stage.path("cache/catalog.sqlite")])
        let again = try stage.mount(through: proxy.access)
        let status = try again.status()
        // The database, its log, and that of operations.
        #expect(status["quarantine"]?["files"]?.int == 3)
        #expect(status["dirty"]?["files"]?.int == Self.heldFiles)
        let text = try again.mediafs("status").output
        #expect(text.contains("quarantine   3 files"), "\(text)")

        try proxy.start()
        try eventually("the uploads", within: .seconds(90)) {
          try again.status()["dirty"]?["files"]?.int == 0
        }
        #expect(try succeed(["cat", again.directory + "/0/clean"]) == "old\n")
        #expect(try succeed(["cat", again.directory + "/0/remote"]).hasPrefix("remote remote"))
        try shell("rm \"$1\"/0/clean \"$1\"/0/remote", again.directory)
        try Self.checkHeldFiles(at: again.directory)
        try again.unmount(drains: true)
        let fresh = try stage.mount(cache: "another cache")
        try shell("rm -f \"$1\"/0/clean \"$1\"/0/remote", fresh.directory)
        try Self.checkHeldFiles(at: fresh.directory)
        try fresh.unmount()
        // Nothing of what was set aside is gone.
        let quarantine = stage.path("cache/quarantine")
        #expect(try shell("cat \"$1\"/[0-9]*", quarantine).contains("changed"))
        #expect(try succeed(["ls", quarantine]).contains("catalog "))
      }
    }
  }
}
