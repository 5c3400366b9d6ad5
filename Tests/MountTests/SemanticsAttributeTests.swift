import MediaFSTesting
import Testing

extension MountTests {
  /// "Attributes" of the Semantics chapter.
  @Suite struct SemanticsOfAttributes {
    @Test(.executes("Attributes", "The kernel checks owner, group, mode and access control lists"))
    func permissionsMeanWhatTheyMeanOnALocalDisk() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["mount.allow_other": "true"])
        let root = try Application(in: mount.directory)
        let nobody = try Application(in: mount.directory, user: 65_534)
        try root.run(
          """
          write("program", "x")
          os.chown("program", 65534, 1234)
          os.chmod("program", 0o6755)
          os.mkdir("shared")
          os.chown("shared", 0, 4321)
          os.chmod("shared", 0o3777)
          write("shared/file", "", 0o600)
          os.mkdir("shared/below")
          """)
        // Who is no owner of the file may not delete it from a sticky directory.
        #expect(try nobody.error(of: "os.unlink('shared/file')") == "EPERM")
        #expect(
          try root.value("[os.stat('shared/file').st_gid, os.stat('shared/below').st_gid]") == [
            4_321, 4_321,
          ])
        #expect(try root.int("os.stat('shared/below').st_mode & 0o2000") == 0o2000)
        try nobody.run(
          "number = os.open('program', os.O_WRONLY); append(number, 'y'); os.close(number)")
        #expect(try root.int("os.stat('program').st_mode & 0o7777") == 0o755)
        try root.run("os.chmod('program', 0o6755); os.chown('program', 65534, 99)")
        #expect(try root.int("os.stat('program').st_mode & 0o7777") == 0o755)

        #expect(try nobody.error(of: "read('shared/file')") == "EACCES")
        try succeed(["setfacl", "-m", "u:65534:r", mount.directory + "/shared/file"])
        #expect(try nobody.text("read('shared/file')") == "")
        try mount.flush()
        let other = try stage.otherHost(options: ["mount.allow_other": "true"])
        let list = try succeed(["getfacl", "-cpn", other.directory + "/shared/file"])
        #expect(list == "user::rw-\nuser:65534:r--\ngroup::---\nmask::r--\nother::---\n\n")
        let visitor = try Application(in: other.directory, user: 65_534)
        #expect(try visitor.text("read('shared/file')") == "")
        #expect(try visitor.error(of: "os.unlink('shared/file')") == "EPERM")
      }
    }

    @Test(.executes("Attributes", "The kernel checks owner, group, mode and access control lists"))
    func theRootsAttributesStayOnThisHost() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let root = mount.directory
        let usual = try succeed(["stat", "-c", "%a %u %g", root])
        try succeed(["chmod", "751", root])
        try succeed(["chown", "12:34", root])
        try succeed(["setfattr", "-n", "user.note", "-v", "kept", root])
        try mount.unmount(drains: true)
        let again = try stage.mount()
        #expect(try succeed(["stat", "-c", "%a %u %g", again.directory]) == "751 12 34\n")
        let note = ["getfattr", "--only-values", "-n", "user.note"]
        #expect(try succeed(note + [again.directory]) == "kept")

        let other = try stage.otherHost()
        #expect(try succeed(["stat", "-c", "%a %u %g", other.directory]) == usual)
        #expect(try run(note + [other.directory]).exit == .code(1))
        #expect(try stage.bucket.keys(prefix: "media/").filter { !$0.contains("/.mediafs/") } == [])
      }
    }

    @Test(.executes("Attributes", "Times have nanoseconds."))
    func theTimeOfAccessFollowsTheFirstReadAfterAChange() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run(
          """
          write("f", "bytes")
          os.utime("f", ns=(1_111_111_111_000_000_001, 1_222_222_222_000_000_002))
          def times(): s = os.stat("f"); return [str(s.st_atime_ns), str(s.st_mtime_ns)]
          """)
        let before = ["1111111111000000001", "1222222222000000002"]
        #expect(try application.value("times()").texts == before)
        try mount.flush()
        let etag = try stage.bucket.head("media/f")["etag"]
        let modified = try stage.bucket.head("media/f")["modified"]
        try application.run("read('f')")
        let accessed = try application.value("times()").texts
        #expect(accessed[0] != before[0] && accessed[1] == before[1])
        try application.run("read('f')")
        #expect(try application.value("times()").texts == accessed)
        try mount.flush()
        #expect(try stage.bucket.head("media/f")["etag"] == etag)
        #expect(try stage.bucket.head("media/f")["modified"] == modified)

        let quiet = try stage.otherHost(options: ["noatime": ""])
        let other = try Application(in: quiet.directory)
        #expect(try other.text("str(os.stat('f').st_atime_ns)") == before[0])
        try other.run("read('f')")
        #expect(try other.text("str(os.stat('f').st_atime_ns)") == before[0])
      }
    }

    @Test(.executes("Attributes", "Extended attributes (`user.`, `trusted.`, `security.`)"))
    func extendedAttributesTravelInMetadataOrBesideIt() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run(
          """
          write("f", "bytes")
          os.setxattr("f", "user.author", "Zoë".encode())
          os.setxattr("f", "trusted.t", b"\\0\\1")
          os.setxattr("f", "security.s", b"")
          write("large", "bytes")
          os.setxattr("large", "user.large", b"x" * 65536)
          os.mkdir("d")
          os.setxattr("d", "user.of", b"a directory")
          """)
        #expect(try application.error(of: "os.setxattr('f', 'user.x', b'x' * 65537)") == "E2BIG")
        try mount.flush()
        let metadata = try stage.bucket.head("media/f")["metadata"]
        #expect(metadata?["xattr"]?.text?.contains("user.author") == true, "\(metadata ?? .null)")
        let beside = try stage.bucket.keys(prefix: "media/.mediafs/")
        #expect(beside.count == 1, "\(beside)")

        let other = try Application(in: stage.otherHost().directory)
        #expect(
          try other.value("sorted(os.listxattr('f'))").texts == [
            "security.s", "trusted.t", "user.author",
          ])
        #expect(try other.text("os.getxattr('f', 'user.author')") == "Zoë")
        #expect(try other.value("os.getxattr('f', 'trusted.t') == b'\\0\\1'") == true)
        #expect(try other.value("os.getxattr('large', 'user.large') == b'x' * 65536") == true)
        #expect(try other.text("os.getxattr('d', 'user.of')") == "a directory")
        #expect(try other.value("sorted(os.listdir())").texts == ["d", "f", "large"])
      }
    }

    @Test(.executes("What differs from a local disk", "Times are kept from 1678 to 2262."))
    func timesEndWhereNanosecondsDo() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        // 1677-09-21 and 2262-04-11, and a second within.
        for limit in [-9_223_372_036, 9_223_372_036] {
          try application.run("write('f', ''); os.utime('f', (\(limit), \(limit)))")
          #expect(try application.int("int(os.stat('f').st_mtime)") == limit)
          try application.run("os.utime('f', (\(limit) * 2, \(limit) * 2))")
          #expect(try application.int("abs(os.stat('f').st_mtime_ns) // 10**9") == 9_223_372_036)
        }
      }
    }

    @Test(.executes("What differs from a local disk", "A directory that nobody has looked into"))
    func whatNobodyHasListedHasNoKnownSubdirectories() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/d/sub/f", "")
        let mount = try stage.mount()
        let directory = mount.directory + "/d"
        #expect(try succeed(["stat", "-c", "%h", directory]) == "2\n")
        #expect(try succeed(["ls", directory]) == "sub\n")
        // What the kernel remembers is gone with the mount, and what the catalog does is not.
        try mount.unmount()
        _ = try stage.mount()
        #expect(try succeed(["stat", "-c", "%h", directory]) == "3\n")
      }
    }

    @Test(.executes("What differs from a local disk", "A write by somebody who is not in"))
    func aWriteLeavesAGroupBitWithoutExecution() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["mount.allow_other": "true"])
        let root = try Application(in: mount.directory)
        let nobody = try Application(in: mount.directory, user: 65_534)
        try root.run("write('f', 'x'); os.chown('f', 0, 1234); os.chmod('f', 0o2666)")
        try nobody.run("number = os.open('f', os.O_WRONLY); append(number, 'y'); os.close(number)")
        #expect(try root.int("os.stat('f').st_mode & 0o7777") == 0o2666)
      }
    }

    @Test(.executes("Attributes", "`user.mediafs.state`, `.key`, `.etag` and `.error` tell"))
    func theStateOfAFileCanBeReadAndNotWritten() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.delay": "1h", "upload.max_delay": "2h"])
        let application = try Application(in: mount.directory)
        try application.run("write('f', 'bytes')")
        let before = try application.text("os.getxattr('f', 'user.mediafs.state')")
        try mount.flush()
        let after = try application.text("os.getxattr('f', 'user.mediafs.state')")
        #expect(before == "dirty")
        // The object is where it was until the store has followed.
        try application.run("os.rename('f', 'g')")
        #expect(try application.text("os.getxattr('g', 'user.mediafs.key')") == "media/f")
        try application.run("os.rename('g', 'f')")
        #expect(after != "dirty" && after != nil)
        #expect(try application.text("os.getxattr('f', 'user.mediafs.key')") == "media/f")
        let etag = try stage.bucket.head("media/f")["etag"]?.text
        let shown = try application.text("os.getxattr('f', 'user.mediafs.etag')")
        #expect(shown.map { $0.filter { $0 != "\"" } } == etag.map { $0.filter { $0 != "\"" } })
        #expect(try application.value("os.listxattr('f')").texts == [])
        #expect(try application.error(of: "os.setxattr('f', 'user.mediafs.key', b'x')") == "EPERM")
      }
    }
  }
}
