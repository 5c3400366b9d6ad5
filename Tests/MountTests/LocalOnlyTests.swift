import MediaFSTesting
import Testing

extension MountTests {
  /// What downloaders do: the name tells that a file is not complete, until it is.
  @Suite struct LocalOnly {
    private static let options = ["local.only": "*.part:cache", "upload.delay": "0s"]

    @Test func aDownloadReachesTheBucketWithItsLastName() throws {
      try Stage.play { stage in
        let film = stage.path("film")
        try makeRandomFile(at: film, size: 8 << 20)
        let mount = try stage.mount(options: Self.options)
        let application = try Application(in: mount.directory)
        let part = mount.directory + "/film.part"
        try succeed(["curl", "-sS", "-r", "0-4194303", "-o", part, "file://" + film])
        try succeed(["mkdir", mount.directory + "/cache"])
        try application.run("write('cache/index', 'scratch')")
        try mount.flush()
        #expect(try stage.bucket.keys() == [])
        #expect(
          try application.text("os.getxattr('film.part', 'user.mediafs.state')") == "local")

        // It goes on after a crash where it was.
        try mount.crash()
        let again = try stage.mount(options: Self.options)
        let resumed = again.directory + "/film.part"
        try succeed(["curl", "-sS", "-C", "-", "-o", resumed, "file://" + film])
        try succeed(["mv", resumed, again.directory + "/film.mkv"])
        try again.flush()
        #expect(try stage.bucket.keys() == ["media/film.mkv"])
        let digest = try succeed(["sha256sum", film]).prefix(64)
        #expect(try stage.bucket.sha256("media/film.mkv") == digest)
        let after = try Application(in: again.directory)
        #expect(
          try after.text("os.getxattr('film.mkv', 'user.mediafs.state')") == "cached")
        #expect(try after.text("read('cache/index')") == "scratch")
      }
    }
  }
}
