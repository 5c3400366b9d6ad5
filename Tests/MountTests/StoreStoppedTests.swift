import MediaFSTesting
import Testing

extension MountTests {
  /// The store goes away and comes back.
  @Suite struct StoreStopped {
    /// Of an application's call, in seconds, and how long it may take to be told of it.
    static let deadline = 3
    static let patience: Duration = .seconds(30)
    /// A call may wait for news of the directory first, for 3 s, and then for the bytes.
    static let error: Duration = .seconds(9)

    @Test(
      .executes("When the store does not answer", "Cached bytes are read"),
      .executes("When the store does not answer", "Known names stay known"),
      .executes("When the store does not answer", "Bytes and directories that are not here"),
      .executes("When the store does not answer", "`mediafs status` says since when"))
    func cachedFilesReadAndWritesGoOnAndEverythingUploadsLater() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/cached.txt", "here")
        try stage.bucket.put("media/remote.txt", "far away")
        try stage.bucket.put("media/unlisted/file.txt", "unheard of")
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access, options: ["s3.deadline": "\(Self.deadline)s"])
        let root = mount.directory
        #expect(try succeed(["cat", root + "/cached.txt"]) == "here")
        try succeed(["ls", "-l", root])

        try proxy.stop()
        try shell(
          "echo written > \"$1\"/new.txt; mkdir \"$1\"/made; cp \"$1\"/new.txt \"$1\"/made", root)
        #expect(try succeed(["cat", root + "/cached.txt"]) == "here")
        #expect(try succeed(["cat", root + "/made/new.txt"]) == "written\n")
        #expect(try errorOfReading(root + "/remote.txt", within: Self.error) == "EIO")
        #expect(try errorOfReading(root + "/unlisted/file.txt", within: Self.error) == "EIO")
        try eventually("status to say that the store is away", within: Self.patience) {
          try mount.status()["offline"] != nil
        }
        #expect(try mount.status()["dirty"]?["files"]?.int == 2)
        // Names are older than metadata.ttl by now; they still exist.
        #expect(try errorOfReading(root + "/remote.txt", within: Self.error) == "EIO")
        #expect(try succeed(["cat", root + "/cached.txt"]) == "here")

        try proxy.start()
        try eventually("the uploads", within: .seconds(90)) {
          try stage.bucket.keys(prefix: "media/").contains("media/made/new.txt")
            && stage.bucket.keys(prefix: "media/").contains("media/new.txt")
        }
        #expect(try stage.bucket.get("media/new.txt") == "written\n")
        #expect(try succeed(["cat", root + "/remote.txt"]) == "far away")
        #expect(try succeed(["cat", root + "/unlisted/file.txt"]) == "unheard of")
        try eventually("status to say that all is well", within: Self.patience) {
          let status = try mount.status()
          return status["offline"] == nil && status["dirty"]?["files"]?.int == 0
        }
        try expectModestMemory(mount)
      }
    }

    @Test(.executes("Errors", "`EIO`"))
    func aStoreThatAnswersNothingIsNoHang() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/remote.txt", "far away")
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access, options: ["s3.deadline": "\(Self.deadline)s"])
        try succeed(["ls", "-l", mount.directory])

        try proxy.hang()
        let file = mount.directory + "/remote.txt"
        #expect(try errorOfReading(file, within: Self.error) == "EIO")
        try shell("echo written > \"$1\"/new.txt; cat \"$1\"/new.txt", mount.directory)
        try proxy.resume()
        try eventually("the bytes", within: Self.patience) {
          try run(["cat", file]).output == "far away"
        }
      }
    }
  }
}
