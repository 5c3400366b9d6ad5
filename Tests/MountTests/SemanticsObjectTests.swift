import MediaFSTesting
import Testing

extension MountTests {
  /// "Files and objects" of the Semantics chapter.
  @Suite struct SemanticsOfObjects {
    @Test(.executes("Files and objects", "One file is one object."))
    func theKeyIsThePathByteByByte() throws {
      try Stage.play { stage in
        // The same letters composed and decomposed are two names.
        let names = [
          "gr\u{FC}\u{DF}e", "gru\u{308}\u{DF}e", "a b", "a+b", "a%20b", "a#b", "a?b", "a&b*c(d)",
          "日本語", "emoji😀", "'\"\\", ".hidden", "trailing.",
        ]
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        for name in names {
          try application.run("write(\(python(name)), \(python(name)))")
        }
        try mount.flush()
        let expected = names.map { Array("media/\($0)".utf8) }.sorted {
          $0.lexicographicallyPrecedes($1)
        }
        #expect(try stage.bucket.keys().map { Array($0.utf8) } == expected)
        let fresh = try Application(in: stage.otherHost().directory)
        #expect(
          try fresh.value("all(read(name).decode() == name for name in os.listdir())") == true)
        #expect(try fresh.int("len(os.listdir())") == names.count)
      }
    }

    @Test(.executes("Files and objects", "A directory exists where keys have it as a prefix."))
    func directoriesFollowFromKeysAndHaveMarkersWhereTheyMust() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/implied/deep/a", "a")
        try stage.bucket.put("media/emptied/b", "b")
        let mount = try stage.mount(options: ["delete.delay": "0"])
        let application = try Application(in: mount.directory)
        #expect(try application.text("read('implied/deep/a')") == "a")
        try application.run(
          """
          os.mkdir("empty")
          os.mkdir("private", 0o700)
          write("private/c", "c")
          os.mkdir("plain")
          write("plain/d", "d")
          os.unlink("emptied/b")
          """)
        try mount.flush()
        #expect(
          try stage.bucket.keys() == [
            "media/emptied/", "media/empty/", "media/implied/deep/a", "media/plain/d",
            "media/private/", "media/private/c",
          ])
        #expect(try stage.bucket.head("media/empty/")["size"]?.int == 0)

        let fresh = try Application(in: stage.otherHost().directory)
        #expect(
          try fresh.value("sorted(os.listdir())").texts
            == ["emptied", "empty", "implied", "plain", "private"])
        #expect(try fresh.int("stat.S_IMODE(os.stat('private').st_mode)") == 0o700)
        #expect(try fresh.int("stat.S_IMODE(os.stat('plain').st_mode)") == 0o755)
        try fresh.run("os.rmdir('emptied'); os.rmdir('empty')")
      }
    }

    @Test(.executes("Files and objects", "A symbolic link is an object"))
    func aSymbolicLinkIsAnObjectWhoseBytesAreTheTarget() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/theirs", "of/another tool", metadata: ["mode": "\(0o120777)"])
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run("os.symlink('nowhere/at all', 'ours'); os.symlink('t' * 4095, 'long')")
        #expect(try application.text("os.readlink('theirs')") == "of/another tool")
        try mount.flush()
        #expect(try stage.bucket.get("media/ours") == "nowhere/at all")
        let head = try stage.bucket.head("media/ours")
        #expect(head["metadata"]?["mode"]?.text == "\(0o120777)")
        let fresh = try Application(in: stage.otherHost().directory)
        #expect(try fresh.text("os.readlink('ours')") == "nowhere/at all")
        #expect(try fresh.value("os.readlink('long') == 't' * 4095") == true)
      }
    }

    @Test(.executes("Files and objects", "Mode, owner and times travel"))
    func attributesTravelUnderTheNamesOfS3fs() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/rclone", "", metadata: ["mtime": "1600000000.123456789"])
        try stage.bucket.put("media/plain", "")
        let mount = try stage.mount(options: ["mount.uid": "7", "mount.file_mode": "0604"])
        let application = try Application(in: mount.directory)
        try application.run(
          """
          write("ours", "bytes")
          os.chmod("ours", 0o4751)
          os.chown("ours", 1001, 1002)
          os.chmod("ours", 0o4751)
          os.utime("ours", ns=(1_500_000_000_000_000_001, 1_400_000_000_000_000_002))
          """)
        #expect(try application.text("str(os.stat('rclone').st_mtime_ns)") == "1600000000123456789")
        let modified = try stage.bucket.head("media/plain")["modified"]?.int
        #expect(try application.int("int(os.stat('plain').st_mtime)") == modified)
        #expect(try application.int("os.stat('plain').st_uid") == 7)
        #expect(try application.int("os.stat('plain').st_mode") == 0o100604)

        try mount.flush()
        let metadata = try stage.bucket.head("media/ours")["metadata"]
        #expect(metadata?["mode"]?.text == "\(0o104751)")
        #expect(metadata?["uid"]?.text == "1001")
        #expect(metadata?["gid"]?.text == "1002")
        #expect(metadata?["mtime"]?.text == "1400000000.000000002")
        let fresh = try Application(in: stage.otherHost().directory)
        try fresh.run("status = os.stat('ours')")
        #expect(try fresh.value("[status.st_uid, status.st_gid]") == [1001, 1002])
        #expect(try fresh.int("status.st_mode") == 0o104751)
        #expect(try fresh.text("str(status.st_mtime_ns)") == "1400000000000000002")
      }
    }

    @Test(.executes("Files and objects", "`Content-Type` follows the extension"))
    func theContentTypeFollowsTheExtension() throws {
      try Stage.play { stage in
        let types = [
          "a.jpg": "image/jpeg", "b.PDF": "application/pdf", "c.mp4": "video/mp4",
          "d": "application/octet-stream", "e.unheard-of": "application/octet-stream",
        ]
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        for name in types.keys { try application.run("write(\(python(name)), '')") }
        // Renamed before and after the upload, it follows.
        try mount.flush()
        try application.run("os.rename('d', 'd.html')")
        try mount.flush()
        for (name, type) in types where name != "d" {
          #expect(try stage.bucket.head("media/\(name)")["type"]?.text == type, "\(name)")
        }
        #expect(try stage.bucket.head("media/d.html")["type"]?.text == "text/html")
      }
    }

    @Test(
      .executes("Files and objects", "A name whose key would be longer than 1,024 bytes"),
      .executes("Errors", "`ENAMETOOLONG`"),
      .executes("What differs from a local disk", "A path is as long as its key"))
    func aKeyThatIsTooLongIsRefusedWhenItIsMade() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        // "media/" and three directories of 255 bytes: what is left of 1,024 is 250.
        try application.run(
          """
          long = "/".join(["d" * 255] * 3)
          os.makedirs(long)
          write(long + "/" + "f" * 250, "just fits")
          """)
        let attempts = [
          "write(long + '/' + 'f' * 251, '')", "os.mkdir(long + '/' + 'g' * 250)",
          "os.symlink('x', long + '/' + 'f' * 251)",
          "write('short', ''); os.rename('short', long + '/' + 'f' * 251)",
          "write('x' * 256, '')", "os.stat('x' * 256)",
        ]
        for attempt in attempts {
          #expect(try application.error(of: attempt) == "ENAMETOOLONG", "\(attempt)")
        }
        try application.run("write('x' * 255, 'a long name')")
        try mount.flush()
        #expect(try stage.bucket.keys().map(\.utf8.count).max() == 1_024)
        #expect(
          try stage.bucket.get("media/" + String(repeating: "x", count: 255)) == "a long name")
      }
    }

    @Test(.executes("Files and objects", "Where the bucket holds both `x` and `x/…`"))
    func theDirectoryIsShownAndTheObjectStays() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/x", "the object")
        try stage.bucket.put("media/x/y", "beneath it")
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        #expect(try application.value("os.listdir()").texts == ["x"])
        #expect(try application.text("read('x/y')") == "beneath it")
        try application.run("write('x/z', 'ours')")
        try mount.flush()
        #expect(try stage.bucket.get("media/x") == "the object")
        #expect(try stage.bucket.keys() == ["media/x", "media/x/y", "media/x/z"])
        let log = try succeed(["cat", stage.path("cache") + "/mediafs.log"])
        #expect(
          log.split(separator: "\n").contains {
            $0.contains("Objects without a path") && $0.contains(#"[\"x\"]"#)
          })
      }
    }
  }

  /// A Python literal of a text.
  static func python(_ text: String) throws -> String {
    try JSON.text(text).serialized()
  }
}
