import MediaFSTesting
import Testing

extension MountTests {
  /// "Deleting and renaming" and "Changes by others" of the Semantics chapter.
  @Suite struct SemanticsOfChange {
    @Test(.executes("Deleting and renaming", "Both are changes of the local tree"))
    func aRenamedObjectIsCopiedByTheStore() throws {
      try Stage.play { stage in
        let size = 200 << 20
        let file = stage.path("large")
        try makeRandomFile(at: file, size: size)
        try stage.bucket.upload("media/old/large.bin", file: file)
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        try application.run("write('first', '')")
        try mount.flush()
        #expect(try mount.mediafs("pause").exit == .code(0))
        try proxy.clear()
        try application.run("os.rename('old', 'new')")
        #expect(try application.value("sorted(os.listdir())").texts == ["first", "new"])
        // Until the store has followed, the bytes are where they were.
        #expect(
          try application.int("len(os.pread(os.open('new/large.bin', os.O_RDONLY), 10, 0))") == 10)
        #expect(try stage.bucket.keys(prefix: "media/old/") == ["media/old/large.bin"])
        #expect(
          try proxy.requests().contains {
            $0.method == "GET" && $0.path.hasSuffix("/old/large.bin")
          })

        #expect(try mount.mediafs("resume").exit == .code(0))
        try mount.flush()
        #expect(try stage.bucket.keys() == ["media/first", "media/new/large.bin"])
        #expect(
          try stage.bucket.sha256("media/new/large.bin") == succeed(["sha256sum", file]).prefix(64))
        let requests = try proxy.requests()
        #expect(requests.contains { $0.copies })
        #expect(requests.reduce(0) { $0 + $1.received } < size / 100, "bytes were sent")
      }
    }

    @Test(.executes("Deleting and renaming", "Renaming a directory takes the same time"))
    func aRenamedDirectoryIsOneEntryWhateverItHolds() throws {
      try Stage.play { stage in
        for number in 1...20 { try stage.bucket.put("media/old/unlisted/\(number)", "\(number)") }
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        try application.run("os.mkdir('other'); write('other/f', 'of another'); os.stat('old')")
        try mount.flush()
        try proxy.hang()
        // The store cannot have been asked what is in it.
        try application.run("os.rename('old', 'new')")
        try proxy.resume()
        #expect(try application.int("len(os.listdir('new/unlisted'))") == 20)
        #expect(try application.text("read('new/unlisted/7')") == "7")
        #expect(try application.error(of: "os.stat('old')") == "ENOENT")
        #expect(
          try application.error(of: "renameat2('new', 'other', RENAME_NOREPLACE)") == "EEXIST")
        try application.run("renameat2('new', 'other', RENAME_EXCHANGE)")
        #expect(try application.text("read('other/unlisted/7') + read('new/f')") == "7of another")
        try mount.flush()
        #expect(try stage.bucket.keys(prefix: "media/old") == [])
        #expect(try stage.bucket.keys(prefix: "media/other/unlisted/").count == 20)
        #expect(try stage.bucket.get("media/other/unlisted/7") == "7")
        #expect(try stage.bucket.get("media/new/f") == "of another")
      }
    }

    @Test(.executes("Deleting and renaming", "With `mount.no_delete` nothing is ever deleted"))
    func withoutDeletesEveryObjectStays() throws {
      try Stage.play { stage in
        for name in ["a", "b", "d/c"] { try stage.bucket.put("media/\(name)", name) }
        let mount = try stage.mount(
          options: ["mount.no_delete": "true", "delete.delay": "0", "metadata.ttl": "0"])
        let application = try Application(in: mount.directory)
        try application.run(
          "os.unlink('a'); os.rename('b', 'renamed'); os.unlink('d/c'); os.rmdir('d')")
        try mount.flush()
        #expect(try application.value("os.listdir()").texts == ["renamed"])
        let keys = try stage.bucket.keys()
        #expect(keys == ["media/a", "media/b", "media/d/c", "media/renamed"])
        #expect(try application.value("os.listdir()").texts == ["renamed"])
      }
    }

    @Test(.executes("Deleting and renaming", "A file that is deleted or replaced while it is open"))
    func aHandleFindsItsFileOrNothing() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/remote", "remote")
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run(
          """
          write("gone", "gone"); write("kept", "kept")
          handles = {name: handle_of(name).hex() for name in ("gone", "kept", "remote")}
          os.rename("kept", "renamed")
          os.unlink("gone")
          write("gone", "another file")
          """)
        let handles = try application.value("handles")
        try mount.flush()
        try application.end()
        try mount.unmount()
        let after = try Application(in: stage.mount().directory)
        func text(_ name: String) -> String {
          "os.read(open_handle(bytes.fromhex('\(handles[name]?.text ?? "")')), 100)"
        }
        #expect(try after.text(text("kept")) == "kept")
        #expect(try after.text(text("remote")) == "remote")
        #expect(try after.error(of: text("gone")) == "ESTALE")
      }
    }

    @Test(.executes("Deleting and renaming", "A directory can be read while it changes"))
    func whatIsThereThroughoutIsReadOnce() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.enabled": "false"])
        let application = try Application(in: mount.directory)
        try application.run(
          """
          for number in range(1000):
              write(f"{number}", "")
          seen = []
          with os.scandir() as entries:
              for count, entry in enumerate(entries):
                  seen.append(entry.name)
                  if count % 10 == 0 and count < 1000:
                      write(f"new{count}", "")
                      os.unlink(str(999 - count // 10))
          """)
        #expect(try application.int("len(seen) - len(set(seen))") == 0, "an entry came twice")
        #expect(
          try application.value("{str(n) for n in range(900)} - set(seen) == set()") == true)
        #expect(
          try application.value("all(os.path.exists(n) for n in map(str, range(900)))") == true)
      }
    }

    @Test(.executes("Deleting and renaming", "A delete of what was neither written nor"))
    func whatSomebodyPutInTheMeantimeStays() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["delete.delay": "11s"])
        let application = try Application(in: mount.directory)
        try application.run("write('theirs', 'ours'); write('gone', 'ours')")
        try mount.flush()
        try application.run("os.unlink('theirs'); os.unlink('gone')")
        try stage.bucket.put("media/theirs", "somebody else's")
        // Deleted after it, gone before it would be looked at again.
        try eventually("the delete", within: .seconds(60)) {
          try !stage.bucket.keys().contains("media/gone")
        }
        try mount.flush()
        #expect(try stage.bucket.get("media/theirs") == "somebody else's")
      }
    }

    @Test(.executes("Deleting and renaming", "A file that is deleted or replaced while it is open"))
    func anOpenFileOutlivesItsName() throws {
      try Stage.play { stage in
        for name in ["deleted", "replaced"] {
          try stage.bucket.put("media/\(name)", "remote bytes")
        }
        let mount = try stage.mount(options: ["delete.delay": "0"])
        let application = try Application(in: mount.directory)
        try application.run(
          """
          deleted = os.open("deleted", os.O_RDWR)
          replaced = os.open("replaced", os.O_RDWR)
          write("other", "the other file")
          os.unlink("deleted")
          os.rename("other", "replaced")
          """)
        for name in ["deleted", "replaced"] {
          #expect(try application.text("os.pread(\(name), 100, 0)") == "remote bytes")
          try application.run("os.pwrite(\(name), b'local', 0); os.ftruncate(\(name), 8)")
          #expect(try application.text("os.pread(\(name), 100, 0)") == "locale b")
          #expect(try application.int("os.fstat(\(name)).st_size") == 8)
        }
        #expect(try application.int("os.fstat(deleted).st_nlink") == 0)
        #expect(try application.text("read('replaced')") == "the other file")
        try application.run("os.close(deleted); os.close(replaced)")
        try mount.flush()
        // The kernel tells of the last close when it has time for it.
        try eventually("the object of the deleted file is gone", within: .seconds(30)) {
          try stage.bucket.keys() == ["media/replaced"]
        }
        #expect(try stage.bucket.get("media/replaced") == "the other file")
      }
    }

    @Test(.executes("Changes by others", "A listing is at most `metadata.ttl` old"))
    func withoutATimeToLiveEveryOpenAsks() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/file", "first")
        let mount = try stage.mount(options: ["metadata.ttl": "0"])
        let application = try Application(in: mount.directory)
        for text in ["first", "second, longer", "third"] {
          try stage.bucket.put("media/file", text)
          #expect(try application.text("read('file')") == text)
        }
        try stage.bucket.put("media/new", "new")
        #expect(try application.value("sorted(os.listdir())").texts == ["file", "new"])
        try stage.bucket.delete("media/file")
        #expect(try application.error(of: "read('file')") == "ENOENT")
      }
    }

    @Test(.executes("Changes by others", "A listing is at most `metadata.ttl` old"))
    func aFileWithChangesOfItsOwnKeepsThem() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/file", "first")
        let mount = try stage.mount(
          options: ["metadata.ttl": "0", "upload.delay": "1h", "upload.max_delay": "2h"])
        let application = try Application(in: mount.directory)
        try application.run("write('file', 'ours')")
        try stage.bucket.put("media/file", "theirs")
        #expect(try application.value("os.listdir()").texts == ["file"])
        #expect(try application.text("read('file')") == "ours")
        try stage.bucket.delete("media/file")
        #expect(try application.value("os.listdir()").texts == ["file"])
        #expect(try application.text("read('file')") == "ours")
      }
    }

    @Test(.executes("Changes by others", "An upload only replaces the version"))
    func bothVersionsStayWhenSomebodyWasFirst() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/picture.jpg", "first")
        let mount = try stage.mount(
          options: ["metadata.ttl": "1h", "upload.delay": "1h", "upload.max_delay": "2h"])
        let application = try Application(in: mount.directory)
        #expect(try application.text("read('picture.jpg')") == "first")
        try application.run("write('picture.jpg', 'ours'); write('new.txt', 'ours')")
        try stage.bucket.put("media/picture.jpg", "theirs")
        try stage.bucket.put("media/new.txt", "theirs")
        try mount.flush()

        let host = try succeed(["uname", "-n"]).dropLast()
        let keys = try stage.bucket.keys()
        #expect(keys.count == 4, "\(keys)")
        for (stem, ending) in [("picture", "jpg"), ("new", "txt")] {
          #expect(try stage.bucket.get("media/\(stem).\(ending)") == "theirs")
          let copy = try #require(keys.first { $0.hasPrefix("media/\(stem) (conflict \(host) ") })
          #expect(copy.hasSuffix(").\(ending)"))
          #expect(try stage.bucket.get(copy) == "ours")
        }
        #expect(try mount.status()["conflicts"]?.int == 2)
        let log = try succeed(["cat", stage.path("cache") + "/mediafs.log"])
        #expect(log.split(separator: "\n").count(where: { $0.contains("conflict") }) >= 2)
      }
    }
  }
}
