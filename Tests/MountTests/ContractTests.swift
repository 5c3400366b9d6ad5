import MediaFSTesting
import Testing

extension MountTests {
  /// What applications do on their media directory, as they do it: the scripts of
  /// `Tests/Support/contract` drive them, or make their system calls.
  @Suite struct Contract {
    @Test func synapse() throws { try keeps("synapse") }

    @Test func django() throws {
      try keeps(
        "django_storage", options: ["mount.gid": "1234"],
        evicting: ["original.jpg", "archive/from here.pdf", "uploads/2026/same.txt"])
    }

    @Test func papermerge() throws { try keeps("papermerge") }

    @Test func botoDownload() throws { try keeps("boto_download") }

    @Test func openKATBytes() throws { try keeps("openkat_bytes") }

    @Test func zotonic() throws { try keeps("zotonic") }

    /// The application works; the bucket is judged; and everything is as the application left it on
    /// the next mount, once these files were evicted, and on a mount that begins with an empty
    /// cache.
    private func keeps(
      _ application: String, options: [String: String] = [:], evicting files: [String] = []
    ) throws {
      try Stage.play { stage in
        let script = Script(stage, application)
        let elsewhere = try stage.directory.directory("elsewhere")
        let manifest = stage.path("manifest.json")
        // What the application deletes may have been uploaded by then.
        let options = options.merging(["delete.delay": "0"]) { $1 }
        let mount = try stage.mount(options: options)
        try script.run("act", mount.directory, manifest, elsewhere)
        try mount.flush()
        #expect(try stage.bucket.differences(from: manifest, prefix: "media/") == [])
        #expect(try stage.bucket.unfinishedUploads() == [])
        try expectTree(at: mount.directory, equals: manifest)
        try expectModestMemory(mount)
        try mount.unmount()

        let again = try stage.mount(options: options.merging(Self.smallCache) { $1 })
        try expectTree(at: again.directory, equals: manifest)
        try script.run("check", again.directory, manifest, elsewhere)
        if !files.isEmpty {
          try evict(files, from: again, stage)
          try expectTree(at: again.directory, equals: manifest)
          try script.run("check", again.directory, manifest, elsewhere)
        }
        try again.unmount()

        let fresh = try stage.mount(cache: "another cache", options: options)
        try expectTree(at: fresh.directory, equals: manifest)
        try script.run("check", fresh.directory, manifest, elsewhere)
        try expectModestMemory(fresh)
      }
    }

    private static let smallCache = ["cache.size": "32MiB", "cache.min_free": "0%"]

    /// Reads more than the small cache holds until these files are not here, and leaves no trace.
    private func evict(_ files: [String], from mount: Mount, _ stage: Stage) throws {
      let filler = stage.path("filler")
      try makeRandomFile(at: filler, size: 48 << 20)
      try stage.bucket.upload("media/filler", file: filler)
      let application = try Application(in: mount.directory)
      try eventually("the filler", within: .seconds(60)) {
        try application.value("os.path.exists('filler')") == true
      }
      #expect(try application.int("len(read('filler'))") == 48 << 20)
      for file in files {
        #expect(
          try application.text("os.getxattr('\(file)', 'user.mediafs.state')") == "remote",
          "\(file)")
      }
      try application.run("os.remove('filler')")
      try application.end()
      try mount.flush()
    }

    @Test(.executes("Deleting and renaming", "Jobs that free the local disk"))
    func cleanersOfTheLocalDisk() throws {
      try Stage.play { stage in
        let script = Script(stage, "local_cleaners")
        let elsewhere = try stage.directory.directory("elsewhere")
        let mount = try stage.mount(options: ["delete.delay": "1h"])
        try script.run("write", mount.directory, elsewhere)
        try mount.flush()
        let keys = try stage.bucket.keys()
        let files = ["local_content/Ab/Cd/EfGhIj", "url_cache/old"]

        // Everything has the key that the application's own S3 mode gives it.
        let report = try script.run("clean", mount.directory, elsewhere)
        #expect(report.contains("Uploaded 0 files\n"), "\(report)")
        #expect(report.contains("Deleted 6 files\n"), "\(report)")
        #expect(
          try succeed(["find", mount.directory, "-type", "f", "-printf", "%P\n"])
            == "url_cache/new\n")
        try mount.flush()
        for file in files {
          #expect(try run(["test", "-e", mount.directory + "/" + file]).exit == .code(1))
          #expect(try !stage.bucket.get("media/" + file).isEmpty)
        }
        let deletes = try mount.status()["deletes"]?["waiting"]?["files"]?.int
        #expect(deletes == 7, "the objects wait out delete.delay")
        #expect(
          try keys.filter { !$0.hasSuffix("/") }
            == stage.bucket.keys().filter {
              !$0.hasSuffix("/")
            })

        try expectSameNameToCancelTheDelete(stage)
      }
    }

    /// Of two files deleted one after the other, the first is made again: when the second one's
    /// object has gone, that of the first would have gone before.
    private func expectSameNameToCancelTheDelete(_ stage: Stage) throws {
      let mount = try stage.mount(
        "short", on: "short", cache: "short cache", options: ["delete.delay": "2s"])
      try shell("cd \"$1\"; echo old > again; echo old > gone", mount.directory)
      try mount.flush()
      try shell("cd \"$1\"; rm again; rm gone; echo new > again", mount.directory)
      try eventually("the delete", within: .seconds(60)) {
        try stage.bucket.keys(prefix: "short/") == ["short/again"]
      }
      try mount.flush()
      #expect(try mount.status()["deletes"]?["waiting"]?["files"]?.int == 0)
      #expect(try stage.bucket.get("short/again") == "new\n")
    }

    /// One of the scripts, and what it needs to speak to the bucket itself.
    private struct Script {
      let path: String
      let environment: [String: String]

      init(_ stage: Stage, _ name: String) {
        path = TestEnvironment.support("contract/\(name).py")
        let access = stage.bucket.access
        environment = access.credentials.merging([
          "AWS_DEFAULT_REGION": access.region, "S3_ENDPOINT": access.url,
          "BUCKET": stage.bucket.name,
        ]) { $1 }
      }

      @discardableResult
      func run(_ arguments: String...) throws -> String {
        try succeed(
          [TestEnvironment.python, path] + arguments, environment: environment,
          within: .seconds(300))
      }
    }
  }
}
