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
  }
}
