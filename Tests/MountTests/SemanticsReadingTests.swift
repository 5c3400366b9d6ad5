import MediaFSTesting
import Testing

extension MountTests {
  /// "Reading" of the Semantics chapter; what needs a large file on a slow link is in ``SlowLink``.
  @Suite struct SemanticsOfReading {
    /// More than is read ahead of a reader, so that its end is not here.
    static let size = 64 << 20

    @Test(
      .executes("Reading", "Every request for bytes names the version"),
      .executes("Errors", "`ESTALE`"), arguments: ["replaced", "deleted"])
    func aReplacedObjectIsNeverMixedIn(_ fate: String) throws {
      try Stage.play { stage in
        let file = stage.path("large")
        try makeRandomFile(at: file, size: Self.size)
        try stage.bucket.upload("media/large", file: file)
        let proxy = try S3Proxy(to: stage.bucket.access)
        try proxy.limit(bytesPerSecond: 2 << 20)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        let original = try Application(in: stage.directory.path)
        try application.run("number = os.open('large', os.O_RDONLY)")
        #expect(
          try application.value("os.pread(number, 100, 0).hex()")
            == original.value("read('large')[:100].hex()"))

        if fate == "replaced" {
          try makeRandomFile(at: file, size: Self.size)
          try stage.bucket.upload("media/large", file: file)
        } else {
          try stage.bucket.delete("media/large")
        }
        #expect(
          try application.error(of: "os.pread(number, 100, \(Self.size - 4_096))") == "ESTALE")
        try proxy.limit(bytesPerSecond: 0)
        if fate == "deleted" {
          try eventually("its name to go", within: .seconds(60)) {
            try application.error(of: "read('large')") == "ENOENT"
          }
        } else {
          let digest = try succeed(["sha256sum", file]).prefix(64)
          try eventually("the new bytes", within: .seconds(60)) {
            try run(["sha256sum", mount.directory + "/large"]).output.prefix(64) == digest
          }
        }
      }
    }

    @Test(.executes("Reading", "What `local.keep` names is never evicted"))
    func whatIsKeptIsReadWithoutTheStore() throws {
      try Stage.play { stage in
        let (film, filler) = (stage.path("film"), stage.path("filler"))
        try makeRandomFile(at: film, size: 4 << 20)
        try makeRandomFile(at: filler, size: 24 << 20)
        for name in ["keep/film", "keep/unread", "passing"] {
          try stage.bucket.upload("media/" + name, file: film)
        }
        for name in ["keep/begun", "filler1", "filler2"] {
          try stage.bucket.upload("media/" + name, file: filler)
        }
        let proxy = try S3Proxy(to: stage.bucket.access)
        let options = [
          "local.keep": "keep", "cache.size": "32MiB", "cache.min_free": "0%", "s3.deadline": "3s",
        ]
        let mount = try stage.mount(through: proxy.access, options: options)
        let application = try Application(in: mount.directory)
        try application.run(
          """
          number = os.open("keep/begun", os.O_RDONLY)
          start = os.pread(number, 4096, 0)
          os.close(number)
          for name in ["keep/film", "passing", "filler1", "filler2"]: read(name)
          """)
        let state = "user.mediafs.state"
        #expect(try application.text("os.getxattr('keep/film', '\(state)')") == "cached")
        #expect(try application.text("os.getxattr('keep/unread', '\(state)')") == "remote")
        #expect(try application.text("os.getxattr('passing', '\(state)')") == "remote")
        try application.end()
        // The kernel has nothing of them on a new mount.
        try mount.unmount()

        let again = try stage.mount(through: proxy.access, options: options)
        let digest = try succeed(["sha256sum", film]).prefix(64)
        try proxy.stop()
        #expect(try succeed(["sha256sum", again.directory + "/keep/film"]).prefix(64) == digest)
        try succeed(["cmp", "-n", "4096", filler, again.directory + "/keep/begun"])
        for name in ["keep/begun", "keep/unread", "passing"] {
          let path = again.directory + "/" + name
          #expect(try errorOfReading(path, within: .seconds(30)) == "EIO", "\(name)")
        }
      }
    }
  }
}
