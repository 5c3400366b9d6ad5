import MediaFSTesting
import Testing

extension MountTests {
  /// What other filesystems over S3 were seen to get wrong.
  @Suite struct PeerDefects {
    /// Every write of a new version beside the old one and a rename over it meets this.
    @Test func aFileThatWasReadShowsWhatWasRenamedOntoIt() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/fetched", "old at the store")
        let mount = try stage.mount(options: ["metadata.ttl": "1h"])
        let rounds = """
          cd "$1"
          for i in $(seq 40); do
            for name in made fetched; do
              test -e $name && cat $name > /dev/null
              echo "version $i of $name" > temporary
              mv temporary $name
              test "$(cat $name)" = "version $i of $name"
            done
          done
          """
        try shell(rounds, mount.directory)
        try mount.unmount(drains: true)
        let again = try stage.mount(options: ["metadata.ttl": "1h"])
        for name in ["made", "fetched"] {
          let text = "version 40 of \(name)\n"
          #expect(try succeed(["cat", "\(again.directory)/\(name)"]) == text)
          #expect(try stage.bucket.get("media/\(name)") == text)
        }
        try shell(rounds, again.directory)
      }
    }

    @Test func aFileIsCutWhileItsBytesAreNotUploaded() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        try python(
          """
          import os
          file = os.open("cut", os.O_RDWR | os.O_CREAT)
          os.write(file, b"x" * 300000)
          os.ftruncate(file, 5)
          assert os.fstat(file).st_size == 5 and os.pread(file, 100, 0) == b"xxxxx"
          os.pwrite(file, b"end", 8)
          assert os.pread(file, 100, 0) == b"xxxxx\\0\\0\\0end"
          os.close(file)
          with open("soon", "wb") as file: file.write(b"y" * 300000)
          os.truncate("soon", 7)
          assert open("soon", "rb").read() == b"y" * 7
          os.truncate("soon", 9)
          assert open("soon", "rb").read() == b"y" * 7 + b"\\0\\0"
          """, in: mount.directory)
        try mount.flush()
        #expect(try stage.bucket.get("media/cut") == "xxxxx\0\0\0end")
        #expect(try stage.bucket.get("media/soon") == "yyyyyyy\0\0")
      }
    }

    @Test func timesThatWereSetBeforeTheCloseStay() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        try python(
          """
          import os
          for i in range(50):
              file = os.open(f"{i}", os.O_WRONLY | os.O_CREAT)
              os.write(file, b"x" * 1000 * i)
              os.utime(file, ns=(10**18 + 1, 10**18 + i))
              os.close(file)
          """, in: mount.directory)
        let check = """
          import os
          for i in range(50):
              assert os.stat(f"{i}").st_mtime_ns == 10**18 + i, os.stat(f"{i}")
          """
        try python(check, in: mount.directory)
        try mount.unmount(drains: true)
        let fresh = try stage.mount(cache: "another cache")
        try python(check, in: fresh.directory)
      }
    }

    @Test func aDirectoryWithFilesOnTheirWayIsRenamedReadAndAppendedTo() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.delay": "1h", "upload.max_delay": "2h"])
        try shell(
          """
          cd "$1"
          mkdir -p before/deep
          for i in $(seq 20); do head -c 5000 /dev/zero | tr '\\0' a > before/deep/$i; done
          mv before after
          for i in $(seq 20); do
            test $(stat -c %s after/deep/$i) = 5000
            test $(wc -c < after/deep/$i) = 5000
            printf more >> after/deep/$i
            test $(tail -c 5 after/deep/$i) = amore
          done
          test ! -e before
          """, mount.directory)
        try mount.flush()
        #expect(try stage.bucket.keys() == (1...20).map { "media/after/deep/\($0)" }.sorted())
        for number in 1...20 {
          #expect(try stage.bucket.head("media/after/deep/\(number)")["size"]?.int == 5_004)
        }
      }
    }

    @Test func aDirectoryIsNotRenamedOntoOneThatHoldsSomething() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/at the store/kept", "kept")
        let mount = try stage.mount()
        try python(
          """
          import errno, os
          os.makedirs("moved/inside")
          os.makedirs("full/inside")
          for target in ["full", "at the store"]:
              try:
                  os.rename("moved", target)
              except OSError as error:
                  assert error.errno in (errno.ENOTEMPTY, errno.EEXIST), error
              else:
                  raise SystemExit(f"renamed onto {target}")
          os.mkdir("empty")
          os.rename("moved", "empty")
          assert os.listdir("empty") == ["inside"]
          """, in: mount.directory)
        try mount.flush()
        #expect(try stage.bucket.get("media/at the store/kept") == "kept")
      }
    }

    @Test func aDeletedOpenFileLeavesNoNameBehind() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/d/fetched", "at the store")
        let mount = try stage.mount(options: ["delete.delay": "0"])
        try python(
          """
          import os
          made, fetched = open("d/made", "w+"), open("d/fetched", "r+")
          made.write("here"); made.flush()
          os.unlink("d/made"); os.unlink("d/fetched")
          assert os.listdir("d") == [], os.listdir("d")
          os.rmdir("d")
          assert os.listdir(".") == [], os.listdir(".")
          assert os.fstat(made.fileno()).st_nlink == 0
          made.seek(0)
          assert made.read() == "here" and fetched.read() == "at the store"
          made.write(" and more"); made.flush()
          made.seek(0)
          assert made.read() == "here and more"
          """, in: mount.directory)
        // The object stayed for as long as its bytes were needed.
        try eventually("the delete", within: .seconds(60)) { try stage.bucket.keys() == [] }
      }
    }

    @Test func aControlCharacterInANameHidesNothing() throws {
      try Stage.play { stage in
        for key in ["media/d/a\u{1}b", "media/d/new\nline", "media/d/plain"] {
          try stage.bucket.put(key, key)
        }
        let mount = try stage.mount()
        try python(
          """
          import os
          names = {"a\\x01b", "new\\nline", "plain"}
          assert set(os.listdir("d")) == names, os.listdir("d")
          for name in names: assert open(f"d/{name}").read() == f"media/d/{name}"
          for number in [*range(1, 32), 127]:
              name = f"own {chr(number)} name"
              open(f"d/{name}", "w").write("own")
              names.add(name)
          assert set(os.listdir("d")) == names, os.listdir("d")
          """, in: mount.directory)
        try mount.unmount(drains: true)
        let fresh = try stage.mount(cache: "another cache")
        try python(
          """
          import os
          assert len(os.listdir("d")) == 35, os.listdir("d")
          for name in os.listdir("d"):
              expected = "own" if name.startswith("own") else f"media/d/{name}"
              assert open(f"d/{name}").read() == expected
          """, in: fresh.directory)
      }
    }

    /// Runs a Python program in a directory of a mount.
    private func python(_ program: String, in directory: String) throws {
      try shell("cd \"$2\"; python3 -c \"$1\"", program, directory)
    }
  }
}
