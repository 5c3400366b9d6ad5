import MediaFSTesting
import Testing

extension MountTests {
  /// Kinds and names of "Files and objects" in the Semantics chapter.
  @Suite struct SemanticsOfLinks {
    @Test(.executes("Files and objects", "A FIFO, a socket or a device node is an empty object"))
    func specialFilesAreEmptyObjects() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run(
          """
          os.mkfifo("fifo", 0o640)
          os.mknod("socket", stat.S_IFSOCK | 0o600)
          os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
          os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(7, 200))
          """)
        #expect(try application.error(of: "os.open('null', os.O_RDONLY)") == "EACCES")
        try mount.flush()
        #expect(try stage.bucket.keys().count == 4)
        #expect(try stage.bucket.head("media/null")["size"]?.int == 0)
        #expect(try stage.bucket.head("media/fifo")["metadata"]?["mode"]?.text == "\(0o010640)")

        let other = try Application(in: stage.otherHost(options: ["dev": ""]).directory)
        try other.run("kinds = [stat.S_IFMT(os.lstat(n).st_mode) for n in sorted(os.listdir())]")
        #expect(
          try other.value("kinds == [stat.S_IFBLK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK]")
            == true)
        #expect(try other.value("os.stat('disk').st_rdev == os.makedev(7, 200)") == true)
        #expect(try other.text("os.read(os.open('null', os.O_RDONLY), 10)") == "")
      }
    }

    @Test(.executes("Files and objects", "A file with several names (hard links)"))
    func everyNameOfAFileIsAnObject() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run(
          "write('a', 'bytes'); os.mkdir('d'); os.link('a', 'd/b'); os.link('d/b', 'c')")
        #expect(try application.int("os.stat('a').st_nlink") == 3)
        try application.run("write('d/b', 'other bytes')")
        #expect(try application.text("read('a')") == "other bytes")
        try mount.flush()
        for name in ["a", "d/b", "c"] {
          #expect(try stage.bucket.get("media/\(name)") == "other bytes")
          #expect(try stage.bucket.head("media/\(name)")["metadata"]?["mediafs-link"] != nil)
        }
        let other = try Application(in: stage.otherHost().directory)
        try other.run("found = [os.stat(name) for name in ('a', 'd/b', 'c')]")
        #expect(try other.int("len({status.st_ino for status in found})") == 1)
        #expect(try other.int("os.stat('a').st_nlink") == 3)

        try application.run("os.unlink('a')")
        #expect(try application.text("read('c')") == "other bytes")
        #expect(try application.int("os.stat('d/b').st_nlink") == 2)
      }
    }

    @Test(
      .executes("Files and objects", "A name is at most 255 bytes long and is UTF-8"),
      .executes("Errors", "`EILSEQ`"),
      .executes("What differs from a local disk", "Names that are not UTF-8 do not exist."))
    func namesAreUTF8AndOneIsTaken() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        let attempts = [
          "write(b'caf\\xe9', '')", "os.mkdir(b'\\xff')", "os.symlink('x', b'a\\x80')",
          "write('f', ''); os.rename(b'f', b'\\xc3\\x28')", "os.symlink(b'\\xff', 'x')",
        ]
        for attempt in attempts {
          #expect(try application.error(of: attempt) == "EILSEQ", "\(attempt)")
        }
        #expect(try application.error(of: "os.stat(b'caf\\xe9')") == "ENOENT")
        for attempt in [
          "os.mkdir('.mediafs')", "write('.mediafs', '')", "os.rename('f', '.mediafs')",
        ] {
          #expect(try application.error(of: attempt) == "EPERM", "\(attempt)")
        }
        try application.run("os.mkdir('d'); write('d/.mediafs', 'not in the root')")
        #expect(try application.error(of: "write('n' * 256, '')") == "ENAMETOOLONG")
      }
    }

    @Test(.executes("Errors", "`EMLINK`"))
    func aFileHasNoMoreThanSoManyNames() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.enabled": "false"])
        try shell("echo x > \"$1\"/f", mount.directory)
        try mount.unmount()
        // As if it had them: making them takes a minute.
        let script = """
          import sqlite3, sys
          with sqlite3.connect(sys.argv[1]) as catalog:
              catalog.execute("UPDATE inode SET links = 64999 WHERE kind = "
                  "(SELECT kind FROM inode JOIN entry ON inode = inode.id WHERE name = 'f')")
          """
        try succeed(["python3", "-c", script, stage.path("cache") + "/catalog.sqlite"])
        let again = try stage.mount(options: ["upload.enabled": "false"])
        let application = try Application(in: again.directory)
        try application.run("os.link('f', 'g')")
        #expect(try application.int("os.stat('g').st_nlink") == 65_000)
        #expect(try application.error(of: "os.link('f', 'h')") == "EMLINK")
      }
    }

    @Test(.executes("Errors", "`ENODATA`, `ERANGE`, `E2BIG`"))
    func extendedAttributesHaveTheirErrors() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run("write('f', ''); os.setxattr('f', 'user.a', b'12345')")
        let attempts = [
          ("ENODATA", "os.getxattr('f', 'user.b')"), ("ENODATA", "os.removexattr('f', 'user.b')"),
          ("ENODATA", "os.setxattr('f', 'user.b', b'', os.XATTR_REPLACE)"),
          ("EEXIST", "os.setxattr('f', 'user.a', b'', os.XATTR_CREATE)"),
          ("ERANGE", "checked(libc.getxattr(b'f', b'user.a', ctypes.create_string_buffer(4), 4))"),
          ("ERANGE", "checked(libc.listxattr(b'f', ctypes.create_string_buffer(3), 3))"),
          ("E2BIG", "os.setxattr('f', 'user.a', b'x' * 65537)"),
        ]
        for (name, statement) in attempts {
          #expect(try application.error(of: statement) == name, "\(statement)")
        }
        #expect(try application.text("os.getxattr('f', 'user.a')") == "12345")
      }
    }
  }
}
