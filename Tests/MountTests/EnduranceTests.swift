import MediaFSTesting
import Testing

extension MountTests {
  /// All kinds of work at once, and the daemon takes as much at the end as in the middle.
  ///
  /// `MEDIAFS_ENDURANCE=1800` is half an hour (`make soak`), `MEDIAFS_SEED=17` repeats a seed. What
  /// is done is in `Tests/Support/endurance.py`.
  @Suite struct Endurance {
    private static let seconds =
      TestEnvironment.inherited["MEDIAFS_ENDURANCE"].flatMap { Int($0) } ?? 45
    /// The store has three times what the cache has room for.
    private static let options = [
      "cache.size": "16MiB", "cache.min_free": "0%", "metadata.ttl": "1s", "upload.delay": "500ms",
      "upload.max_delay": "2s", "delete.delay": "1s",
    ]
    /// What may come together by chance, or for so short a time; see `growth`. What was deleted in
    /// the last second has room yet.
    private static let slack = [
      "resident": 6 << 20, "descriptors": 24, "threads": 8, "catalog": 2 << 20, "content": 32 << 20,
    ]
    /// Of what was used in the middle.
    private static let growth = 1.1

    @Test(.timeLimit(.minutes(60)))
    func whatIsUsedStaysTheSame() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: Self.options)
        let seed = BadNetwork.seed()
        let access = stage.bucket.access
        let facts = try JSON(
          parsing: succeed(
            [
              TestEnvironment.python, TestEnvironment.support("endurance.py"), mount.directory,
              stage.path("cache"), "\(mount.daemon ?? 0)", stage.bucket.name, "media/",
              "\(Self.seconds)", "\(seed)",
            ], environment: access.credentials.merging(["S3_ENDPOINT": access.url]) { $1 },
            within: .seconds(Self.seconds + 120)))
        print("endurance: \(facts)")
        #expect(facts["problems"]?.texts == [], "\(facts)")
        for kind in ["changes", "looks", "reads", "writes"] {
          #expect(facts["counts"]?[kind]?.int ?? 0 > Self.seconds, "\(kind): \(facts)")
        }
        // What is opened in the moment in which it is replaced has no bytes any more.
        let failed = facts["counts"]?["failed looks"]?.int ?? 0
        #expect(failed * 10 < facts["counts"]?["looks"]?.int ?? 0, "\(facts)")
        for (name, slack) in Self.slack {
          let middle = try #require(facts["middle"]?[name]?.number)
          let end = try #require(facts["end"]?[name]?.number)
          #expect(end <= middle * Self.growth + Double(slack), "\(name): \(facts)")
        }
        try expectModestMemory(mount)
        try mount.flush()
      }
    }
  }
}
