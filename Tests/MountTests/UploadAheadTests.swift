import MediaFSTesting
import Testing

extension MountTests {
  /// A long file that somebody writes to for a while.
  @Suite struct UploadAhead {
    private static let size = 48 << 20
    private static let parts = 9

    private func begin(_ application: Application) throws {
      try application.run(
        """
        import random
        data = bytearray(random.Random(17).randbytes(\(Self.size)))
        film = os.open('film', os.O_RDWR | os.O_CREAT)
        os.write(film, data)
        """)
    }

    /// Goes on writing at its end until the parts before are in the store.
    private func goOn(_ application: Application, _ mount: Mount) throws {
      try eventually("parts went up before the file was closed", within: .seconds(60)) {
        try application.run(
          """
          more = random.randbytes(1_000)
          data += more
          os.write(film, more)
          """)
        return try sent(by: mount) >= Self.parts
      }
    }

    private func sent(by mount: Mount) throws -> Int {
      try mount.status()["requests"]?["UploadPart"]?.int ?? 0
    }

    private func mount(on stage: Stage) throws -> Mount {
      try stage.mount(options: ["upload.delay": "1s", "upload.part_size": "5MiB"])
    }

    private func expectAll(_ writer: Application, on stage: Stage, _ mount: Mount) throws {
      let hash = try writer.text("__import__('hashlib').sha256(data).hexdigest()")
      #expect(try stage.bucket.sha256("media/film") == hash)
      #expect(try stage.bucket.unfinishedUploads() == [])
      // Of its end, and not of when the upload began.
      let own = try Application(in: mount.directory)
      let time = try own.text("str(os.stat('film').st_mtime_ns)")
      let fresh = try stage.mount(on: "fresh", cache: "another cache")
      let reader = try Application(in: fresh.directory)
      #expect(try reader.text("str(os.stat('film').st_mtime_ns)") == time)
    }

    @Test func itIsInTheStoreSoonAfterItsEnd() throws {
      try Stage.play { stage in
        let mount = try mount(on: stage)
        let application = try Application(in: mount.directory)
        try begin(application)
        try goOn(application, mount)
        #expect(try stage.bucket.keys(prefix: "media/film") == [])
        // As the index of a film is written to its beginning when all of it is known.
        try application.run("os.pwrite(film, b'index', 100); data[100:105] = b'index'")
        let before = try sent(by: mount)
        try application.run("os.close(film)")
        try mount.flush()
        // The part that was changed, and the last one.
        #expect(try sent(by: mount) - before <= 3)
        try expectAll(application, on: stage, mount)
      }
    }

    @Test func whoComesAfterADeathSendsNothingOld() throws {
      try Stage.play { stage in
        var mount = try mount(on: stage)
        let application = try Application(in: mount.directory)
        try begin(application)
        try goOn(application, mount)
        try application.run("os.pwrite(film, b'index', 100); data[100:105] = b'index'")
        try mount.crash()
        try? application.run("os.close(film)")
        mount = try self.mount(on: stage)
        try mount.flush()
        try expectAll(application, on: stage, mount)
      }
    }
  }
}
