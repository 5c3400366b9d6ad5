import MediaFSTesting
import Testing

extension MountTests {
  /// "What survives what" of the Semantics chapter.
  @Suite struct SemanticsOfDurability {
    /// Nothing is uploaded by itself while a test lasts.
    static let patient = ["upload.delay": "1h", "upload.max_delay": "2h"]

    @Test(.executes("What survives what", "`write`, `create`, `mkdir`"))
    func whatReturnedSurvivesTheDeathOfTheDaemon() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/old", "renamed")
        try stage.bucket.put("media/gone", "deleted")
        let mount = try stage.mount(options: Self.patient.merging(["delete.delay": "0"]) { $1 })
        let application = try Application(in: mount.directory)
        try application.run(
          """
          os.mkdir("d", 0o750)
          number = os.open("d/new", os.O_WRONLY | os.O_CREAT, 0o600)
          append(number, "written, not closed")
          os.chmod("d/new", 0o640)
          os.rename("old", "d/renamed")
          os.unlink("gone")
          os.symlink("new", "d/link")
          os.utime("d/renamed", ns=(1_000_000_001, 2_000_000_002))
          """)
        try mount.crash()

        let again = try stage.mount(options: ["delete.delay": "0"])
        let after = try Application(in: again.directory)
        #expect(try after.value("sorted(os.listdir())").texts == ["d"])
        #expect(try after.text("read('d/new')") == "written, not closed")
        #expect(try after.int("os.stat('d').st_mode & 0o7777") == 0o750)
        #expect(try after.int("os.stat('d/new').st_mode & 0o7777") == 0o640)
        #expect(try after.text("os.readlink('d/link')") == "new")
        #expect(try after.int("os.stat('d/renamed').st_mtime_ns") == 2_000_000_002)
        #expect(try after.text("read('d/renamed')") == "renamed")
        try again.flush()
        #expect(
          try stage.bucket.keys() == ["media/d/", "media/d/link", "media/d/new", "media/d/renamed"])
      }
    }

    @Test(
      .executes("What survives what", "`fsync`, `fdatasync`"), arguments: ["fsync", "fdatasync"])
    func whatWasSynchronizedSurvivesAPowerCut(_ call: String) throws {
      try Stage.play { stage in
        let disk = try Disk(on: stage, "disk")
        let options = Self.patient.merging(["cache.directory": disk.directory + "/cache"]) { $1 }
        let mount = try stage.mount(options: options)
        let application = try Application(in: mount.directory)
        try application.run(
          """
          os.mkdir("d")
          number = os.open("d/file", os.O_WRONLY | os.O_CREAT)
          append(number, "synchronized " * 100_000)
          os.\(call)(number)
          """)
        let later = try disk.afterPowerCut(on: stage, "later")
        try mount.crash()

        let again = try stage.mount(
          options: options.merging(["cache.directory": later.directory + "/cache"]) { $1 })
        let after = try Application(in: again.directory)
        #expect(
          try after.text("read('d/file')") == String(repeating: "synchronized ", count: 100_000))
        again.kill()
      }
    }

    @Test(.executes("What survives what", "`close`, and `mediafs status` says"))
    func whatIsNotDirtySurvivesTheLossOfTheHost() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run("os.mkdir('d'); write('d/a', 'first'); write('b', 'second')")
        try eventually("a clean mount", within: .seconds(60)) {
          try mount.status()["dirty"]?["files"]?.int == 0
        }
        mount.kill()
        try succeed(["rm", "-rf", stage.path("cache")])

        let fresh = try Application(in: stage.otherHost().directory)
        #expect(try fresh.text("read('d/a') + read('b')") == "firstsecond")
      }
    }

    @Test(.executes("What survives what", "`close`, `fsync` with `upload.synchronous"))
    func aSynchronousMountReturnsWhenTheStoreHasIt() throws {
      try Stage.play { stage in
        let mount = try stage.mount(
          options: Self.patient.merging(["upload.synchronous": "true"]) { $1 })
        let application = try Application(in: mount.directory)
        try application.run("write('a', 'closed')")
        #expect(try stage.bucket.get("media/a") == "closed")
        try application.run(
          """
          number = os.open("b", os.O_WRONLY | os.O_CREAT)
          append(number, "synchronized")
          os.fsync(number)
          """)
        #expect(try stage.bucket.get("media/b") == "synchronized")
      }
    }

    @Test(.executes("What survives what", "Bytes go to a file in the cache directory first"))
    func whatTheStoreDoesNotHaveIsNeitherEvictedNorFreed() throws {
      try Stage.play { stage in
        let filler = stage.path("filler")
        try makeRandomFile(at: filler, size: 12 << 20)
        for number in 1...3 { try stage.bucket.upload("media/remote\(number)", file: filler) }
        let proxy = try S3Proxy(to: stage.bucket.access)
        let options = ["cache.size": "32MiB", "cache.min_free": "0%"]
        let mount = try stage.mount(through: proxy.access, options: options)
        let application = try Application(in: mount.directory)
        try mount.flush()
        try proxy.refuse("PUT", status: 403, code: "AccessDenied")
        try application.run("write('dirty', b'0123456789abcdef' * (1 << 18))")
        try eventually("the refusal", within: .seconds(60)) {
          try mount.status()["parked"]?.list.count == 1
        }
        for number in 1...3 { _ = try application.value("len(read('remote\(number)'))") }
        #expect(try mount.status()["cache"]?["evictions"]?.int != 0)
        #expect(try mount.status()["dirty"]?["files"]?.int == 1)
        try mount.crash()

        let again = try stage.mount(through: proxy.access, options: options)
        let after = try Application(in: again.directory)
        #expect(try after.value("read('dirty') == b'0123456789abcdef' * (1 << 18)") == true)
        try proxy.admit()
        #expect(try again.mediafs("retry").exit == .code(0))
        try again.flush()
        #expect(try stage.bucket.head("media/dirty")["size"]?.int == 4 << 20)
      }
    }
  }
}
