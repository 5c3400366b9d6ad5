import MediaFSTesting
import Testing

extension MountTests {
  /// `kill -9` of the daemon, again and again, at random moments under a mixed load: also while it
  /// starts, so that what repairs the last death dies as well.
  ///
  /// `MEDIAFS_KILLS=2000` kills more often (`make soak`), `MEDIAFS_SEED=17` repeats a seed. The
  /// writers, `Tests/Support/crash`, go on meanwhile. What returned is in their model; a call that
  /// was under way may have happened or not, and they look which.
  @Suite(.serialized) struct Kills {
    private static let kills =
      TestEnvironment.inherited["MEDIAFS_KILLS"].flatMap { Int($0) } ?? 200
    private static let seed =
      TestEnvironment.inherited["MEDIAFS_SEED"].flatMap { UInt64($0) } ?? 4
    private static let writers = 4
    /// In bytes; above what is sent in one piece.
    private static let largeFile = 36 << 20
    /// How long a daemon lives that is not killed at its start: some uploads end, some do not.
    private static let longestLife: Duration = .milliseconds(600)
    /// How many of five are killed at their start.
    private static let early = 2
    /// Nothing waits longer than a moment, so that every kind of work is under way at a kill.
    private static let options = [
      "upload.delay": "100ms", "upload.max_delay": "1s", "delete.delay": "100ms",
      "metadata.ttl": "3s", "cache.size": "256MiB", "cache.min_free": "0%",
    ]

    @Test(.executes("What survives what", "Of a call that had not returned"))
    func nothingAcknowledgedIsLost() throws {
      print("kills of seed \(Self.seed)")
      try Stage.play { stage in
        let cache = stage.path("cache")
        let mount = try KilledMount(on: stage, options: Self.options)
        try mount.start(cache: cache)
        try mount.waitUntilReady()
        let ledger = try stage.directory.directory("ledger")
        let writers = try Dialogue([
          "python3", TestEnvironment.support("crash/killed.py"), mount.directory, ledger,
          "\(Self.seed)", "\(Self.writers)", "\(Self.largeFile)",
        ])
        _ = try writers.line(within: .seconds(60))
        try Self.killAgainAndAgain(mount, cache)
        try Self.expectEverything(on: mount, writers)
        writers.close()
        try writers.process.wait(within: .seconds(10))
        try mount.finish(cache: cache)
        try Self.expectBucketHasIt(stage, mount)
      }
    }

    private static func killAgainAndAgain(_ mount: KilledMount, _ cache: String) throws {
      var random = SeededRandom(seed: seed)
      var startTime: Duration = .milliseconds(200)
      for _ in 0..<kills {
        let isEarly = Int.random(in: 0..<5, using: &random) < early
        if !isEarly { startTime = try ContinuousClock().measure { try mount.waitUntilReady() } }
        let longest = isEarly ? startTime : longestLife
        try mount.crash(after: longest * Double.random(in: 0...1, using: &random))
        try mount.start(cache: cache)
      }
      try mount.waitUntilReady()
    }

    /// What the writers were acknowledged, and that they were interrupted often.
    private static func expectEverything(on mount: KilledMount, _ writers: Dialogue) throws {
      let report = try JSON(parsing: writers.ask("look", within: .seconds(180)))
      let counts = report["counts"]
      print("\(try counts?.serialized() ?? "")")
      #expect(report["problems"]?.texts == [], "\(mount.log)")
      #expect(counts?["interrupted"]?.int ?? 0 > kills / 2)
      #expect(counts?["happened"]?.int ?? 0 > 0)
      // What the daemon says when it finds its own rules broken.
      for text in [
        "has lost its content", "cannot be recovered", "a fault of mediafs", "the disk has lost it",
      ] {
        #expect(!mount.log.contains(text), "\(mount.log)")
      }
    }

    /// Once the queue is empty: every byte, every key, and nothing else.
    private static func expectBucketHasIt(_ stage: Stage, _ mount: KilledMount) throws {
      #expect(try mount.status()["dirty"]?["files"]?.int == 0)

      let manifest = stage.path("manifest.json")
      let script = TestEnvironment.support("tree.py")
      try shell("python3 \"$1\" manifest \"$2\" > \"$3\"", script, mount.directory, manifest)
      try eventually("the end of what was begun", within: .seconds(60)) {
        try stage.bucket.unfinishedUploads() == []
      }
      let differences = try stage.bucket.differences(from: manifest, prefix: "media/")
      #expect(differences == [], "\(differences)")
      let fresh = try stage.mount(on: "fresh", cache: "another cache")
      try expectTree(at: fresh.directory, equals: manifest)
    }
  }
}
