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
  }
}
