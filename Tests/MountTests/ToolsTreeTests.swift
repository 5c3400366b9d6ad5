import MediaFSTesting
import Testing

extension MountTests {
  /// What archivers and copiers keep of a tree: names, bytes, modes, times, owners, links,
  /// extended attributes, access control lists.
  @Suite struct ToolsTree {
    /// A made tree with several owners.
    private static func makeSource(_ stage: Stage) throws -> String {
      let path = stage.path("source")
      try succeed(
        ["python3", TestEnvironment.support("tree.py"), "make", path, "600", "20261121"])
      try shell(
        """
        cd "$1"
        mkdir owned
        echo 1 > owned/a; echo 2 > owned/b; ln -s a owned/c; mkdir owned/d
        chown 1234:2345 owned/a; chown -h 1234:2345 owned/c; chown 1234:2345 owned/d
        chmod 4755 owned/b; chmod 3777 owned/d
        """, path)
      return path
    }

    @Test func anArchiveUnpacksToWhatWasPacked() throws {
      try Stage.play { stage in
        let source = try Self.makeSource(stage)
        let archive = stage.path("tree.tar")
        try succeed(["tar", "cf", archive, "-C", source, "."])
        let mount = try stage.mount()
        let target = mount.directory + "/tree"
        try shell(
          "mkdir \"$2\"; tar xpf \"$1\" -C \"$2\"; tar df \"$1\" -C \"$2\"", archive, target)
        try expectNoDifference(source, target)
        try shell(
          """
          cp -a "$1" "$1 copy"
          mv "$1 copy" "$1 moved"
          diff -r --no-dereference "$1" "$1 moved"
          chmod -R g+w "$1 moved"
          rm -r "$1 moved"
          """, target)
        #expect(try succeed(["ls", mount.directory]) == "tree\n")
        try mount.unmount(drains: true)

        let fresh = try stage.mount(cache: "another cache")
        try expectNoDifference(source, fresh.directory + "/tree")
        try succeed(["tar", "df", archive, "-C", fresh.directory + "/tree"])
      }
    }
  }
}
