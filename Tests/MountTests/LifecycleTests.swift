import Glibc
import MediaFSTesting
import Testing

extension MountTests {
  /// How a mount begins and ends.
  @Suite struct Lifecycle {
    @Test func terminationUnmountsAndLeavesTheQueueOnDisk() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.delay": "1h", "upload.max_delay": "2h"])
        try shell("echo kept > \"$1\"/later.txt", mount.directory)
        let daemon = try #require(mount.daemon)
        kill(daemon, SIGTERM)
        try eventually("the end of the daemon", within: .seconds(30)) { mount.daemon == nil }
        #expect(try !Mount.isMounted(mount.directory))
        #expect(try stage.bucket.keys() == [])

        let again = try stage.mount(options: ["upload.delay": "1h", "upload.max_delay": "2h"])
        #expect(try succeed(["cat", again.directory + "/later.txt"]) == "kept\n")
        #expect(try again.status()["dirty"]?["files"]?.int == 1)
        try again.flush()
        #expect(try stage.bucket.get("media/later.txt") == "kept\n")
      }
    }

    /// Without the objects by which a mount finds out what the store can do.
    private static func files(of bucket: Bucket) throws -> [String] {
      try bucket.keys().filter { !$0.utf8.starts(with: "media/.mediafs/".utf8) }
    }

    /// With umount(8) as well as well, which knows nothing of the queue.
    @Test(arguments: [false, true])
    func theNextMountSaysWhatAnUnmountHasLeft(isPlain: Bool) throws {
      try Stage.play { stage in
        let options = ["upload.delay": "1h", "upload.max_delay": "2h"]
        let mount = try stage.mount(options: options)
        try shell("printf 12345 > \"$1\"/five; printf 1234567 > \"$1\"/seven", mount.directory)
        if isPlain {
          try succeed(["umount", mount.directory])
          try eventually("the end of the daemon", within: .seconds(30)) { mount.daemon == nil }
        } else {
          let finished = try mount.mediafs("umount")
          #expect(finished.exit == .code(0), "\(finished)")
          try eventually("the end of the daemon", within: .seconds(30)) { mount.daemon == nil }
        }
        #expect(try Self.files(of: stage.bucket) == [])

        let again = try stage.mount(options: options)
        let dirty = try again.status()["dirty"]
        #expect(dirty?["files"]?.int == 2)
        #expect(dirty?["bytes"]?.int == 12)
        let text = try again.mediafs("status").output
        #expect(text.contains("2 files"), "\(text)")
        try again.unmount(drains: true)
        #expect(try Self.files(of: stage.bucket) == ["media/five", "media/seven"])
        let third = try stage.mount(options: options)
        #expect(try third.status()["dirty"]?["files"]?.int == 0)
      }
    }

    @Test func theMountHelperTakesWhatMountGivesIt() throws {
      try Stage.play { stage in
        let helper = stage.path("mount.mediafs")
        try succeed(["ln", "-s", TestEnvironment.program, helper])
        let directory = try stage.directory.directory("mount")
        let access = stage.bucket.access
        let options = [
          "rw", "noatime", "_netdev", "s3.endpoint=\(access.url)",
          "cache.directory=\(stage.path("cache"))",
        ]
        let finished = try run(
          [helper, "s3://\(stage.bucket.name)/media", directory, "-o"]
            + [options.joined(separator: ",")],
          environment: access.credentials)
        defer { Mount.end(directory) }
        #expect(finished.exit == .code(0), "\(finished)")
        #expect(try Mount.isMounted(directory))
        try shell("echo 1 > \"$1\"/a; cat \"$1\"/a", directory)
      }
    }

    @Test func aLocalDirectoryIsAStoreToo() throws {
      try Stage.play { stage in
        let store = try stage.directory.directory("store")
        let options = ["cache.directory": stage.path("cache"), "upload.delay": "1s"]
        let mount = try Mount(
          "file://\(store)/media", on: stage.path("mount"), options: options)
        try shell("mkdir \"$1\"/d; echo hello > \"$1\"/d/a.txt", mount.directory)
        try mount.flush()
        #expect(try succeed(["find", store, "-name", "a.txt"]).hasSuffix("/media/d/a.txt\n"))
        try mount.unmount(drains: true)
      }
    }

    @Test func theListingAndTheContentSurviveARemountAndAreUsed() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        for number in 1...5 { try stage.bucket.put("media/d/\(number)", "object \(number)") }
        let options = ["metadata.ttl": "1h"]
        let first = try stage.mount(through: proxy.access, options: options)
        let all = try shell("cat \"$1\"/d/*; ls \"$1\"/d", first.directory)
        try first.unmount()

        try proxy.clear()
        let second = try stage.mount(through: proxy.access, options: options)
        #expect(try shell("cat \"$1\"/d/*; ls \"$1\"/d", second.directory) == all)
        let reads = try proxy.requests().filter { $0.path.contains("/media/d/") }
        #expect(reads.map(\.path) == [], "downloaded again")
        let listings = try proxy.requests().filter { $0.query.contains("media%2Fd%2F") }
        #expect(listings.map(\.query) == [], "listed again")
        try expectModestMemory(second)
      }
    }
  }
}
