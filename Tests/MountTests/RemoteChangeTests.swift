import MediaFSTesting
import Testing

extension MountTests {
  /// What others do to the bucket shows up within `metadata.ttl`, without a remount.
  @Suite struct RemoteChange {
    /// The listing may be this old when a change happens, and looking takes a moment.
    static let patience: Duration = .seconds(5)
    static let options = ["metadata.ttl": "3s"]

    @Test(.executes("Changes by others", "A listing is at most `metadata.ttl` old"))
    func anObjectThatSomebodyPutsIsThere() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/old/a.txt", "first")
        let mount = try stage.mount(options: Self.options)
        let file = mount.directory + "/old/b.txt"
        #expect(try succeed(["ls", mount.directory + "/old"]) == "a.txt\n")
        #expect(try errorOfReading(file, within: .seconds(10)) == "ENOENT")

        try stage.bucket.put("media/old/b.txt", "second")
        try stage.bucket.put("media/new/c.txt", "third")
        try eventually("b.txt", within: Self.patience) {
          try run(["cat", file]).output == "second"
        }
        try eventually("the listing", within: Self.patience) {
          try succeed(["ls", mount.directory + "/old"]) == "a.txt\nb.txt\n"
        }
        try eventually("the new directory", within: Self.patience) {
          try run(["cat", mount.directory + "/new/c.txt"]).output == "third"
        }
        try expectModestMemory(mount)
      }
    }

    @Test(.executes("Changes by others", "A listing is at most `metadata.ttl` old"))
    func anObjectThatSomebodyReplacesShowsItsNewBytes() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/a.txt", "first")
        let mount = try stage.mount(options: Self.options)
        let file = mount.directory + "/a.txt"
        #expect(try succeed(["cat", file]) == "first")

        try stage.bucket.put("media/a.txt", "second and longer")
        try eventually("the new bytes", within: Self.patience) {
          try succeed(["cat", file]) == "second and longer"
        }
        #expect(try succeed(["stat", "-c", "%s", file]) == "17\n")
      }
    }

    /// Neither size nor time tells the two apart.
    @Test func anObjectOfTheSameSizeAndTimeShowsItsNewBytes() throws {
      try Stage.play { stage in
        let metadata = ["mtime": "1700000000"]
        try stage.bucket.put("media/a.txt", "first", metadata: metadata)
        let mount = try stage.mount(options: Self.options)
        let file = mount.directory + "/a.txt"
        #expect(try succeed(["cat", file]) == "first")
        let before = try succeed(["stat", "-c", "%s %.9Y", file])
        #expect(before == "5 1700000000.000000000\n")

        try stage.bucket.put("media/a.txt", "other", metadata: metadata)
        try eventually("the new bytes", within: Self.patience) {
          try succeed(["cat", file]) == "other"
        }
        #expect(try succeed(["stat", "-c", "%s %.9Y", file]) == before)
      }
    }

    @Test(.executes("Changes by others", "A listing is at most `metadata.ttl` old"))
    func anObjectThatSomebodyDeletesGoesAway() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/a.txt", "first")
        let mount = try stage.mount(options: Self.options)
        #expect(try succeed(["cat", mount.directory + "/a.txt"]) == "first")

        try stage.bucket.delete("media/a.txt")
        try eventually("the end of a.txt", within: Self.patience) {
          try succeed(["ls", mount.directory]) == ""
        }
        #expect(try errorOfReading(mount.directory + "/a.txt", within: .seconds(10)) == "ENOENT")
      }
    }

    @Test(.executes("Changes by others", "What somebody else deletes is deleted here"))
    func whatSomebodyDeletesWhileItIsInUse() throws {
      try Stage.play { stage in
        for name in ["open", "remote", "kept", "dirty"] {
          try stage.bucket.put("media/" + name, name)
        }
        let mount = try stage.mount(options: [
          "metadata.ttl": "1s", "local.keep": "kept", "upload.delay": "1h",
          "upload.max_delay": "2h",
        ])
        let application = try Application(in: mount.directory)
        try application.run(
          """
          number = os.open('open', os.O_RDWR); os.read(number, 9); read('kept')
          remote = os.open('remote', os.O_RDONLY); write('dirty', 'changed')
          """)
        for name in ["open", "remote", "kept", "dirty"] {
          try stage.bucket.delete("media/" + name)
        }
        try eventually("the end of what was deleted", within: Self.patience) {
          try application.value("sorted(os.listdir())").texts == ["dirty"]
        }
        #expect(try application.text("os.pread(number, 9, 0)") == "open")
        try application.run("os.pwrite(number, b'OP', 0)")
        #expect(try application.text("os.pread(number, 9, 0)") == "OPen")
        #expect(try application.error(of: "os.pread(remote, 9, 0)") == "ESTALE")
        try application.run("os.close(number); os.close(remote)")
        try mount.flush()
        #expect(try stage.bucket.keys() == ["media/dirty"])
        #expect(try stage.bucket.get("media/dirty") == "changed")
      }
    }
  }
}
