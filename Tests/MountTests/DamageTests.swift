import MediaFSTesting
import Testing

extension MountTests {
  /// The disk of the cache gives other bytes than it was given.
  @Suite struct Damage {
    private static let size = 300_000

    /// Mounts, uploads files and unmounts; then a byte of each content file is another one.
    private func prepare(_ stage: Stage, _ names: [String]) throws {
      let mount = try stage.mount()
      for name in names { try makeRandomFile(at: stage.path(name), size: Self.size) }
      for name in names { try succeed(["cp", stage.path(name), mount.directory]) }
      try mount.flush()
      try mount.unmount()
      let decay = """
        import os, sys
        number = os.open(sys.argv[1], os.O_RDWR)
        place = os.fstat(number).st_size // 2
        os.pwrite(number, bytes([os.pread(number, 1, place)[0] ^ 1]), place)
        """
      try shell(
        "find \"$1/content\" -type f -size +100k -exec python3 -c \"$2\" {} \\;",
        stage.path("cache"), decay)
    }

    private func isSame(_ stage: Stage, _ mount: Mount, _ name: String) throws -> Bool {
      try run(["cmp", stage.path(name), mount.directory + "/" + name]).exit == .code(0)
    }

    @Test(.executes("Reading", "Each cached block of 64 KiB"))
    func damagedBytesAreFetchedAgainAndCounted() throws {
      try Stage.play { stage in
        let names = ["a", "b", "c"]
        try prepare(stage, names)
        let mount = try stage.mount()
        for name in names { #expect(try isSame(stage, mount, name)) }
        let status = try mount.status()
        #expect(status["cache"]?["damaged"]?.int == 3)
        #expect(status["requests"]?["GetObject"]?.int == 3)
        #expect(try mount.mediafs("status").output.contains("3 cached blocks"))
      }
    }

    @Test(.executes("Reading", "Each cached block of 64 KiB"))
    func withoutTheStoreThereIsAnErrorInTheirPlace() throws {
      try Stage.play { stage in
        try prepare(stage, ["a"])
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access, options: ["s3.deadline": "3s", "metadata.ttl": "1h"])
        try succeed(["ls", "-l", mount.directory])
        try proxy.stop()
        let file = mount.directory + "/a"
        #expect(try errorOfReading(file, within: .seconds(20)) == "EIO")
        // The blocks beside it are here.
        try shell("cmp -n 131072 \"$1\" \"$2\"", stage.path("a"), file)
        try proxy.start()
        try eventually("the bytes", within: .seconds(60)) { try isSame(stage, mount, "a") }
      }
    }

    @Test(.executes("Reading", "`mediafs verify`"))
    func verifyFindsAndRepairs() throws {
      try Stage.play { stage in
        try prepare(stage, ["a", "b"])
        let mount = try stage.mount(options: ["upload.delay": "1h", "upload.max_delay": "2h"])
        try shell("echo new > \"$1\"/new", mount.directory)
        var found = try mount.mediafs("verify")
        #expect(found.exit == .code(1))
        #expect(found.output.contains("2 damaged blocks, 0 repaired"))
        #expect(found.output.contains("a, 65536 bytes at 131072: damaged"))
        #expect(found.output.contains("1 file (4 B) not uploaded yet"))

        found = try mount.mediafs("verify", ["--repair", "--json"])
        #expect(found.exit == .code(0), "\(found)")
        let report = try JSON(parsing: found.output)
        #expect(report["damaged_blocks"]?.int == 2 && report["repaired_blocks"]?.int == 2)
        #expect(report["checked"]?["files"]?.int == 3)
        for name in ["a", "b"] { #expect(try isSame(stage, mount, name)) }

        try stage.bucket.put("media/b", "theirs")
        found = try run([TestEnvironment.program, "verify", mount.directory + "/b"])
        #expect(found.exit == .code(0))
        #expect(found.output.contains("changed in the store: b"))
      }
    }
  }
}
