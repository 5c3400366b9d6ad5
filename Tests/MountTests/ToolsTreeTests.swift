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

    /// Everything that `rsync -aHAX` compares, and so everything that it may find changed.
    private static func addLinksAndAttributes(to source: String) throws {
      try shell(
        """
        cd "$1"
        mkdir -p deep/1/2/3/4/5/6 listed/below
        for number in 1 2 3 4 5 6 7 8 9; do
          echo "$number" > "deep/1/2/file $number"
          ln "deep/1/2/file $number" "deep/1/2/3/4/name $number"
        done
        ln owned/a deep/1/2/3/4/5/6/a; ln owned/a "another name"; ln -P owned/c deep/link
        mkfifo deep/fifo; ln deep/fifo deep/1/fifo
        head -c 100000 /dev/urandom > sparse; truncate -s 9M sparse; echo end >> sparse
        echo 1 > listed/user; setfacl -m u:1234:rw,g:2345:r listed/user
        setfacl -m u:1234:rwx,d:u:1234:rwx,d:g:2345:rx listed/below; echo 2 > listed/below/heir
        setfattr -n user.note -v "of a directory" listed
        setfattr -n user.note -v "some words" listed/user
        setfattr -h -n trusted.link -v "of a link" owned/c
        setfattr -n user.long -v "$(head -c 2500 /dev/zero | tr '\\0' x)" owned/b
        find . -depth -exec touch -h -d @1500000000.123456789 {} +
        """, source)
    }

    @Test func rsyncFindsNothingToDoASecondTime() throws {
      try Stage.play { stage in
        let options = ["mount.allow_other": "true"]
        let source = try Self.makeSource(stage)
        try Self.addLinksAndAttributes(to: source)
        func synchronize(_ mount: Mount, _ more: String...) throws -> String {
          try succeed(
            ["rsync", "-aHAX", "--itemize-changes"] + more
              + [source + "/", mount.directory + "/tree"], within: .seconds(300))
        }
        func links(_ directory: String) throws -> String {
          try shell("cd \"$1\"; find . ! -type d -printf '%n %p\n' | sort", directory)
        }
        let mount = try stage.mount(options: options)
        #expect(try synchronize(mount).split(separator: "\n").count > 600)
        #expect(try synchronize(mount) == "")
        try mount.flush()
        #expect(try synchronize(mount) == "")
        try mount.unmount()

        let fresh = try stage.mount(cache: "another cache", options: options)
        #expect(try synchronize(fresh) == "")
        // It has looked at every name by now, so that every link is known.
        #expect(try links(fresh.directory + "/tree") == links(source))
        #expect(try synchronize(fresh, "--checksum") == "")
        try fresh.flush()
        #expect(try fresh.status()["dirty"]?["files"]?.int == 0)
      }
    }
  }
}
