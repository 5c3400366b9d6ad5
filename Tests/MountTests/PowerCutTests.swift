import MediaFSTesting
import Testing

extension MountTests {
  /// The host loses power, again and again, at random moments under a mixed load of which some is
  /// synchronized.
  ///
  /// `MEDIAFS_CUTS=500` cuts more often (`make soak`), `MEDIAFS_SEED=17` repeats a seed. A cut is
  /// the death of the daemon and a copy of its disk as it is at that moment, on which the next
  /// daemon goes on; what the kernel would write back by itself is written back at random
  /// meanwhile. The writers are `Tests/Support/crash/durable.py`.
  @Suite(.serialized) struct PowerCuts {
    private static let cuts =
      TestEnvironment.inherited["MEDIAFS_CUTS"].flatMap { Int($0) } ?? 50
    private static let seed =
      TestEnvironment.inherited["MEDIAFS_SEED"].flatMap { UInt64($0) } ?? 4
    private static let writers = 3
    /// How long the power lasts.
    private static let longestLife: Duration = .milliseconds(700)
    /// The store has more than the cache has room for, so that bytes come and go.
    private static let options = [
      "upload.delay": "100ms", "upload.max_delay": "1s", "delete.delay": "100ms",
      "metadata.ttl": "1s", "cache.size": "24MiB", "cache.min_free": "0%",
    ]

    @Test(.executes("What survives what", "After a power cut a file is"))
    func whatWasSynchronizedIsThereAndNothingIsMadeUp() throws {
      print("cuts of seed \(Self.seed)")
      try Stage.play { stage in
        let fixed = try Self.makeFixedFiles(on: stage)
        let mount = try KilledMount(on: stage, options: Self.options)
        var disk = try Disk(
          on: stage, "disk", in: Reflinks(on: stage).directory, size: "192M")
        try mount.start(cache: disk.directory + "/cache")
        try mount.waitUntilReady()
        let writers = try Dialogue([
          "python3", TestEnvironment.support("crash/cut.py"), mount.directory,
          try stage.directory.directory("ledger"), fixed, "\(Self.seed)", "\(Self.writers)",
        ])
        _ = try writers.line(within: .seconds(60))
        var random = SeededRandom(seed: Self.seed)
        for cut in 1...Self.cuts {
          _ = try writers.ask("go \(disk.directory)/cache")
          try mount.crash(after: Self.longestLife * Double.random(in: 0.1...1, using: &random))
          let next = try disk.afterPowerCut(on: stage, "cut \(cut)")
          _ = try writers.ask("stop")
          try disk.discard()
          disk = next
          try mount.start(cache: disk.directory + "/cache")
          try mount.waitUntilReady()
          try Self.expectWhatMayBe(stage, mount, writers, cut)
        }
        writers.close()
        try writers.process.wait(within: .seconds(10))
        try mount.finish(cache: disk.directory + "/cache")
        try Self.expectBucketHasIt(stage, mount)
      }
    }

    /// Objects without a zero byte, and the same in a directory.
    private static func makeFixedFiles(on stage: Stage) throws -> String {
      let fixed = try stage.directory.directory("fixed files")
      for number in 1...8 {
        try shell(
          "head -c 4M /dev/urandom | tr '\\0' '\\1' > \"$1\"", "\(fixed)/\(number)")
        try stage.bucket.upload("media/fixed/\(number)", file: "\(fixed)/\(number)")
      }
      return fixed
    }

    private static func expectWhatMayBe(
      _ stage: Stage, _ mount: KilledMount, _ writers: Dialogue, _ cut: Int
    ) throws {
      let report = try JSON(parsing: writers.ask("look", within: .seconds(60)))
      let problems = report["problems"]?.texts ?? ["no report"]
      if cut == cuts { print("\(try report["counts"]?.serialized() ?? "")") }
      guard problems != [] else {
        #expect(try stage.bucket.keysWithZeros(prefix: "media/w") == [], "cut \(cut)")
        return
      }
      Issue.record("cut \(cut): \(problems.joined(separator: "\n"))\n\(mount.log)")
      throw HarnessError("cut \(cut)")
    }

    /// Once the queue is empty: every byte, every key, and nothing else.
    private static func expectBucketHasIt(_ stage: Stage, _ mount: KilledMount) throws {
      let manifest = stage.path("manifest.json")
      let script = TestEnvironment.support("tree.py")
      try shell("python3 \"$1\" manifest \"$2\" > \"$3\"", script, mount.directory, manifest)
      // The fixed files are of somebody else, who has not said their attributes.
      let differences = try stage.bucket.differences(from: manifest, prefix: "media/")
        .filter { !$0.utf8.starts(with: "media/fixed/".utf8) }
      #expect(differences == [], "\(differences)")
      let fresh = try stage.mount(on: "fresh", cache: "another cache")
      try expectTree(at: fresh.directory, equals: manifest)
      #expect(try stage.bucket.keysWithZeros(prefix: "media/w") == [])
    }
  }
}
