import MediaFSTesting
import Testing

extension MountTests {
  /// What happens to a file inside `upload.delay` reaches the store as one request.
  @Suite struct Coalescing {
    /// Mounts, and lets the mount find out what the store can do, which it does once, before its
    /// first upload.
    private static func mountThatKnowsItsStore(_ stage: Stage, _ proxy: S3Proxy) throws -> Mount {
      let mount = try stage.mount(through: proxy.access, options: ["upload.delay": "3s"])
      try shell("echo 1 > \"$1\"/first", mount.directory)
      try mount.flush()
      try proxy.clear()
      return mount
    }

    @Test(.executes("Writing", "A write returns when the local disk's cache has it"))
    func tenWritesAChmodAndARenameAreOnePut() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try Self.mountThatKnowsItsStore(stage, proxy)
        try shell(
          """
          cd "$1"
          for i in 1 2 3 4 5 6 7 8 9 10; do echo "version $i" > upload.part; done
          chmod 640 upload.part
          mv upload.part picture.jpg
          """, mount.directory)
        try eventually("the upload", within: .seconds(60)) {
          try stage.bucket.keys() == ["media/first", "media/picture.jpg"]
        }
        try mount.flush()

        let writes = try proxy.requests().filter { !["GET", "HEAD"].contains($0.method) }
        #expect(writes.map(\.method) == ["PUT"])
        #expect(writes.map(\.path) == ["/\(stage.bucket.name)/media/picture.jpg"])
        #expect(try stage.bucket.get("media/picture.jpg") == "version 10\n")
        let head = try stage.bucket.head("media/picture.jpg")
        #expect(head["type"]?.text == "image/jpeg")
        #expect(head["metadata"]?["mode"]?.text == "\(0o100640)")
        try expectModestMemory(mount)
      }
    }

    @Test(.executes("Writing", "A write returns when the local disk's cache has it"))
    func aFileDeletedInsideTheDelayNeverReachesTheStore() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try Self.mountThatKnowsItsStore(stage, proxy)
        try shell("cd \"$1\"; echo 1 > scratch; rm scratch; echo 2 > kept", mount.directory)
        try mount.flush()
        #expect(try stage.bucket.keys() == ["media/first", "media/kept"])
        let writes = try proxy.requests().filter { !["GET", "HEAD"].contains($0.method) }
        #expect(writes.map(\.path) == ["/\(stage.bucket.name)/media/kept"])
      }
    }
  }
}
