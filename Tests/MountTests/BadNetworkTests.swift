import MediaFSTesting
import Testing

extension MountTests {
  /// A network that hits every third request, in front of a real server: see `faults.py`.
  @Suite struct BadNetwork {
    static let files = 1_000
    static let probability = 0.3
    /// In MiB. `make soak` asks for the 2,048 that are promised.
    static let workload = TestEnvironment.inherited["MEDIAFS_WORKLOAD"].flatMap { Int($0) } ?? 512
    /// The longest that a stalled request may cost, short enough for hundreds of them.
    static let options = [
      "s3.stall_timeout": "2s", "upload.delay": "2s", "upload.concurrency": "16",
    ]

    /// Requests for each file that a network without faults needs, parts and questions of what is
    /// there included.
    static let uploadRequests = 1.2
    static let downloadRequests = 2.2
    /// Requests for each that is needed. Of three of ten that are hit most have to be repeated,
    /// some of them twice; a lost answer costs the question what has become of it.
    static let loadFactor = 2.0
    /// Long enough for every file to be tried, if that was what happens in an outage.
    static let outageSeconds = 12.0
    /// What is under way when an outage begins is repeated as often as a call is.
    static let outageBurst = 5 * 16
    /// After that a listing and one file are tried every two seconds, five times each.
    static let outageRate = 5.0

    static func seed() -> Int {
      let seed =
        TestEnvironment.inherited["MEDIAFS_SEED"].flatMap { Int($0) } ?? Int.random(in: 0..<1 << 30)
      print("faults of seed \(seed)")
      return seed
    }

    private static func makeWorkload(at path: String) throws -> String {
      let script = TestEnvironment.support("tree.py")
      try succeed(
        ["python3", script, "media", path, "\(files)", "\(workload)", "1"], within: .seconds(300))
      try shell("python3 \"$1\" manifest \"$2\" > \"$3\"", script, path, path + ".json")
      return path + ".json"
    }

    @Test(
      .executes("When the network is bad", "Bytes that were damaged"),
      .executes("When the network is bad", "Every request is tried again"),
      .timeLimit(.minutes(30)))
    func everyByteArrivesAtBothEnds() throws {
      try Stage.play { stage in
        let manifest = try Self.makeWorkload(at: stage.path("source"))
        let proxy = try S3Proxy(to: stage.bucket.access)

        let mount = try stage.mount(through: proxy.access, options: Self.options)
        try proxy.faults(probability: Self.probability, seed: Self.seed())
        try proxy.clear()
        try succeed(
          ["cp", "-a", stage.path("source") + "/.", mount.directory], within: .seconds(600))
        try mount.flush()
        try expectLoad(of: proxy, perFile: Self.uploadRequests)
        // One whose begin was not answered is looked for behind everything else.
        try eventually("uploads that nobody goes on with are aborted", within: .seconds(180)) {
          try stage.bucket.unfinishedUploads() == []
        }
        let status = try mount.status()
        try mount.unmount()
        #expect(try stage.bucket.differences(from: manifest, prefix: "media/") == [])
        #expect(status["conflicts"]?.int == 0, "\(status)")

        try proxy.clear()
        let fresh = try stage.mount(
          cache: "another cache", through: proxy.access, options: Self.options)
        try expectTree(at: fresh.directory, equals: manifest)
        try expectLoad(of: proxy, perFile: Self.downloadRequests)
      }
    }

    private func expectLoad(of proxy: S3Proxy, perFile: Double) throws {
      let load = try proxy.load()
      let needed = Double(Self.files) * perFile
      print("\(load)")
      #expect(Double(load.requests) < needed * Self.loadFactor, "\(load)")
      let hits = load.faults.values.reduce(0, +)
      #expect(Double(hits) > Double(load.requests) * Self.probability * 0.8, "\(load)")
    }

    @Test(
      .executes("When the network is bad", "While the store fails"),
      arguments: ["ServiceUnavailable", "SlowDown"])
    func anOutageIsNotMetWithAStorm(code: String) throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access, options: Self.options)
        // The features of the store are asked before.
        try shell("echo first > \"$1\"/first", mount.directory)
        try mount.flush()
        try proxy.fail(status: 503, code: code)
        try proxy.clear()
        try shell(
          "for i in $(seq $2); do echo $i > \"$1\"/file-$i; done", mount.directory,
          "\(Self.files)")
        try eventually("an outage of \(Self.outageSeconds) s", within: .seconds(120)) {
          try proxy.load().seconds >= Self.outageSeconds
        }
        let load = try proxy.load()
        print("outage: \(load)")
        #expect(load.peak <= Self.outageBurst, "\(load)")
        let limit = Double(Self.outageBurst) + Self.outageRate * load.seconds
        #expect(Double(load.requests) <= limit, "\(load)")
        try proxy.admit()
        try mount.flush()
        #expect(try stage.bucket.keys(prefix: "media/file-").count == Self.files)
      }
    }
  }
}
