import MediaFSTesting
import Testing

extension MountTests {
  /// Two mounts of one bucket with different namespaces never see each other.
  @Suite struct Namespaces {
    @Test(.executes("Files and objects", "Nothing outside the namespace"))
    func neighboursDoNotSeeOneAnother() throws {
      try Stage.play { stage in
        try stage.bucket.put("ab/outside.txt", "of a namespace whose name begins with another's")
        try stage.bucket.put("outside.txt", "of no namespace")
        let one = try stage.mount("a", on: "one", cache: "cache one")
        let two = try stage.mount("b", on: "two", cache: "cache two")
        for mount in [one, two] {
          try shell(
            "cd \"$1\"; mkdir d; printf \"$2\" > same; printf \"$2\" > d/same",
            mount.directory, mount.source)
        }
        try one.flush()
        try two.flush()

        for (mount, namespace) in [(one, "a"), (two, "b")] {
          #expect(try succeed(["ls", mount.directory]) == "d\nsame\n")
          #expect(try stage.bucket.get("\(namespace)/same") == mount.source)
          #expect(try stage.bucket.get("\(namespace)/d/same") == mount.source)
        }

        try shell("rm -r \"$1\"/d \"$1\"/same", one.directory)
        try one.flush()
        #expect(try succeed(["cat", two.directory + "/d/same"]) == two.source)
        #expect(try stage.bucket.get("b/d/same") == two.source)
        #expect(try stage.bucket.keys(prefix: "ab/") == ["ab/outside.txt"])
        #expect(try stage.bucket.keys(prefix: "outside") == ["outside.txt"])
      }
    }
  }
}
