import MediaFSTesting
import Testing

extension MountTests {
  /// Random operations on one file against a buffer in memory, in the manner of fsx: see
  /// `Tests/FileExerciser`.
  @Suite(.serialized) struct FileExercise {
    private static let program = TestEnvironment.built("fileexerciser")
    private static let seeds = 1...20
    /// `make soak` does 100,000 with each seed: an hour with a debug build on two cores.
    private static let operations =
      TestEnvironment.inherited["MEDIAFS_OPERATIONS"].flatMap { Int($0) } ?? 10_000
    /// How many run at once: most of the time they wait for the disk.
    private static let width = 10
    /// For one seed, which shares the machine with nine others.
    private static let patience: Duration = .seconds(120 + operations / 50)

    /// Runs one exerciser for each seed, and expects every one to end well.
    private static func exercise(
      in directory: String, expected: String, seeds: ClosedRange<Int>, operations: Int, maps: Bool
    ) throws {
      var waiting = seeds.makeIterator()
      var running: [ChildProcess] = []
      func startNext() throws {
        guard let seed = waiting.next() else { return }
        let options = ["--seed", "\(seed)", "--operations", "\(operations)"]
        let files = ["\(directory)/seed \(seed)", "\(expected)/seed \(seed)"]
        running.append(try ChildProcess([program] + options + (maps ? ["--mmap"] : []) + files))
      }
      for _ in 0..<width { try startNext() }
      while !running.isEmpty {
        let child = running.removeFirst()
        let exit = try child.wait(within: patience)
        #expect(exit == .code(0), "\(child.standardOutput)\(child.standardError)")
        try startNext()
      }
    }

    /// The control: what fails here is the exerciser's own fault.
    @Test(arguments: [false, true]) func aPlainDirectoryAgrees(maps: Bool) throws {
      let directory = try TemporaryDirectory()
      try Self.exercise(
        in: try directory.directory("files"), expected: try directory.directory("expected"),
        seeds: 1...4, operations: 20_000, maps: maps)
    }

    @Test(arguments: [false, true]) func theMountAndTheBucketAgree(maps: Bool) throws {
      try Stage.play { stage in
        let expected = try stage.directory.directory("expected")
        // Uploads go on while the files change.
        let mount = try stage.mount(options: ["upload.max_delay": "5s"])
        try Self.exercise(
          in: mount.directory, expected: expected, seeds: Self.seeds, operations: Self.operations,
          maps: maps)
        try expectNoDifference(expected, mount.directory)
        try mount.unmount(drains: true)

        let sums = try shell("cd \"$1\"; sha256sum seed*", expected)
        for line in sums.split(separator: "\n") {
          let parts = line.split(separator: " ", maxSplits: 1)
          let key = "media/" + parts[1].drop { $0 == " " }
          #expect(try stage.bucket.sha256(key) == parts[0], "\(key)")
        }
        #expect(try stage.bucket.keys().count == Self.seeds.count)
        let fresh = try stage.mount(cache: "another cache")
        try expectNoDifference(expected, fresh.directory)
      }
    }
  }
}
