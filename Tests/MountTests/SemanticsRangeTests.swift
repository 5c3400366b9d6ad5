import MediaFSTesting
import Testing

extension MountTests {
  /// What "Writing" of the Semantics chapter says of parts of files, copies and locks.
  @Suite struct SemanticsOfRanges {
    static let size = 64 << 20

    /// A large object, a proxy that counts, and a mount that knows its store.
    private static func withLargeObject(
      _ scenario: (Stage, S3Proxy, Mount, Application) throws -> Void
    ) throws {
      try Stage.play { stage in
        let file = stage.path("large")
        try makeRandomFile(at: file, size: size)
        try stage.bucket.upload("media/large", file: file)
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        try application.run("write('first', ''); os.stat('large')")
        try mount.flush()
        try proxy.clear()
        try scenario(stage, proxy, mount, application)
      }
    }

    @Test(.executes("Writing", "Of a file of more than 32 MiB, or one that is not all here"))
    func onlyWhatChangedIsSent() throws {
      try Self.withLargeObject { stage, proxy, mount, application in
        try proxy.hang()
        try application.run(
          "number = os.open('large', os.O_RDWR); os.pwrite(number, b'changed', 30 << 20)")
        try proxy.resume()
        try application.run("os.close(number)")
        try mount.flush()
        let requests = try proxy.requests()
        let received = requests.reduce(0) { $0 + $1.received }
        #expect(received < Self.size / 2, "\(received) bytes were sent")
        #expect(requests.contains { $0.copies })
        try shell(
          "printf changed | dd of=\"$1\" bs=1 seek=$((30 << 20)) conv=notrunc status=none",
          stage.path("large"))
        let digest = try succeed(["sha256sum", stage.path("large")]).prefix(64)
        #expect(try stage.bucket.sha256("media/large") == digest)
      }
    }

    @Test(.executes("Writing", "A file may have holes."), .executes("Errors", "`EOPNOTSUPP`"))
    func holesAreMadeAndFound() throws {
      try Self.withLargeObject { stage, _, mount, application in
        try application.run(
          """
          number = os.open("holes", os.O_RDWR | os.O_CREAT)
          os.pwrite(number, b"start", 0)
          os.pwrite(number, b"end", 8 << 20)
          remote = os.open("large", os.O_RDWR)
          fallocate(remote, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 1 << 20, 1 << 20)
          fallocate(remote, FALLOC_ZERO, 4 << 20, 4096)
          fallocate(number, 0, 8 << 20, 1 << 20)
          fallocate(number, FALLOC_KEEP_SIZE, 9 << 20, 1 << 20)
          """)
        #expect(try application.int("os.fstat(number).st_size") == 9 << 20)
        try application.run("runs = data_runs(number)")
        #expect(try application.int("runs[0][0]") == 0)
        #expect(try application.value("runs[0][1] < 1 << 20 and runs[1][0] > 7 << 20") == true)
        #expect(
          try application.value("os.pread(remote, 1 << 20, 1 << 20) == bytes(1 << 20)") == true)
        for mode in ["FALLOC_COLLAPSE", "FALLOC_INSERT"] {
          #expect(
            try application.error(of: "fallocate(number, \(mode), 0, 1 << 20)") == "EOPNOTSUPP")
        }
        try application.run("os.close(number); os.close(remote)")
        try mount.flush()
        let script = """
          import sys
          with open(sys.argv[1], "r+b") as file:
              file.seek(1 << 20)
              file.write(bytes(1 << 20))
              file.seek(4 << 20)
              file.write(bytes(4096))
          """
        try succeed(["python3", "-c", script, stage.path("large")])
        let digest = try succeed(["sha256sum", stage.path("large")]).prefix(64)
        #expect(try stage.bucket.sha256("media/large") == digest)
        #expect(try stage.bucket.head("media/holes")["size"]?.int == 9 << 20)
        let holes = try succeed(["sha256sum", mount.directory + "/holes"]).prefix(64)
        #expect(try stage.bucket.sha256("media/holes") == holes)
      }
    }

    @Test(.executes("What differs from a local disk", "Room that `fallocate` is to keep behind"))
    func roomBehindTheEndIsLookedForAndNotKept() throws {
      try Stage.play { stage in
        let mount = try stage.mount(
          options: ["cache.size": "16MiB", "cache.min_free": "0%", "upload.enabled": "false"])
        let application = try Application(in: mount.directory)
        try application.run("number = os.open('f', os.O_RDWR | os.O_CREAT)")
        try application.run("fallocate(number, FALLOC_KEEP_SIZE, 0, 8 << 20)")
        #expect(try application.int("os.fstat(number).st_size + os.fstat(number).st_blocks") == 0)
        let tooMuch = "fallocate(number, FALLOC_KEEP_SIZE, 0, 32 << 20)"
        #expect(try application.error(of: tooMuch) == "ENOSPC")
      }
    }

    @Test(.executes("Writing", "`copy_file_range` (and so `cp`) of a whole file"))
    func theStoreCopiesWholeFiles() throws {
      try Self.withLargeObject { stage, proxy, mount, application in
        try succeed(["cp", mount.directory + "/large", mount.directory + "/copy"])
        try mount.flush()
        let requests = try proxy.requests()
        #expect(requests.reduce(0) { $0 + $1.received } < 1 << 20, "bytes were sent")
        #expect(
          requests.filter { $0.path.hasSuffix("/large") }.reduce(0) { $0 + $1.sent } < 1 << 20)
        let digest = try succeed(["sha256sum", stage.path("large")]).prefix(64)
        #expect(try stage.bucket.sha256("media/copy") == digest)
        #expect(try succeed(["sha256sum", mount.directory + "/copy"]).prefix(64) == digest)
        // A part of a file is copied here.
        try application.run(
          """
          source = os.open("large", os.O_RDONLY)
          target = os.open("part", os.O_RDWR | os.O_CREAT)
          left = 100_000
          while left:
              left -= os.copy_file_range(source, target, left)
          """)
        #expect(
          try application.value("os.pread(target, 200_000, 0) == read('large')[:100_000]") == true)
      }
    }

    @Test(
      .executes("Writing", "A file made with `O_TMPFILE` reaches the store when it gets a name"))
    func unnamedFilesMappingsAndAppendsWork() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run(
          """
          number = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o640)
          append(number, "without a name")
          """)
        try mount.flush()
        #expect(try application.value("os.listdir()").texts == [])
        #expect(try stage.bucket.keys() == [])
        try application.run(
          """
          # With a directory Python calls linkat(2), which alone can follow the link.
          top = os.open(".", os.O_RDONLY)
          os.link(f"/proc/self/fd/{number}", "named", src_dir_fd=top, follow_symlinks=True)
          mapped = os.open("mapped", os.O_RDWR | os.O_CREAT)
          os.ftruncate(mapped, 3 * 4096)
          with mmap.mmap(mapped, 3 * 4096) as memory:
              memory[4000:4006] = b"mapped"
              memory.flush()
          first = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
          second = os.open("log", os.O_WRONLY | os.O_APPEND)
          for turn in range(100):
              os.write(first if turn % 2 else second, b"%d\\n" % turn)
          direct = os.open("direct", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
          page = mmap.mmap(-1, 8192)
          page[:] = b"d" * 8192
          os.write(direct, page)
          os.preadv(direct, [page], 0)
          """)
        #expect(try application.value("os.pread(mapped, 6, 4000) == b'mapped'") == true)
        #expect(try application.value("page[:] == b'd' * 8192") == true)
        try mount.flush()
        #expect(try stage.bucket.get("media/named") == "without a name")
        #expect(try stage.bucket.get("media/log") == (0..<100).map { "\($0)\n" }.joined())
        #expect(try stage.bucket.get("media/mapped").utf8.count == 3 * 4_096)
        #expect(
          try stage.bucket.get("media/mapped").utf8.dropFirst(4_000).starts(with: "mapped".utf8))
        #expect(try stage.bucket.head("media/direct")["size"]?.int == 8_192)
      }
    }

    @Test(
      .executes("Writing", "Locks (`flock`, POSIX and open file description locks)"),
      .executes("What differs from a local disk", "Locks do not reach other hosts."))
    func locksHoldBetweenProcesses() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/f", "bytes")
        let mount = try stage.mount()
        let one = try Application(in: mount.directory)
        let two = try Application(in: mount.directory)
        let elsewhere = try Application(in: stage.otherHost().directory)
        for application in [one, two, elsewhere] {
          try application.run(
            """
            import struct
            number = os.open("f", os.O_RDWR)
            def description(kind):
                fcntl.fcntl(number, 37, struct.pack("hhqqi4x", kind, 0, 0, 10, 0))
            """)
        }
        let locks = [
          (
            "fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)",
            "fcntl.flock(number, fcntl.LOCK_UN)"
          ),
          (
            "fcntl.lockf(number, fcntl.LOCK_EX | fcntl.LOCK_NB, 10)",
            "fcntl.lockf(number, fcntl.LOCK_UN)"
          ),
          ("description(fcntl.F_WRLCK)", "description(fcntl.F_UNLCK)"),
        ]
        for (lock, unlock) in locks {
          try one.run(lock)
          #expect(try two.error(of: lock) == "EAGAIN", "\(lock)")
          #expect(try elsewhere.error(of: lock) == nil, "\(lock)")
          try one.run(unlock)
          #expect(try two.error(of: lock) == nil, "\(lock)")
          try two.run(unlock)
          try elsewhere.run(unlock)
        }
      }
    }

    @Test(.executes("Writing", "What `local.only` names is never uploaded"))
    func localFilesStayHere() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["local.only": "*.part", "delete.delay": "0"])
        let application = try Application(in: mount.directory)
        try application.run("write('a.part', 'scratch'); write('b', 'shared')")
        try mount.flush()
        #expect(try stage.bucket.keys() == ["media/b"])
        try mount.crash()
        let again = try stage.mount(options: ["local.only": "*.part", "delete.delay": "0"])
        let after = try Application(in: again.directory)
        #expect(try after.text("read('a.part')") == "scratch")
        try after.run("os.rename('a.part', 'a'); os.rename('b', 'b.part')")
        try again.flush()
        try eventually("the delete", within: .seconds(60)) {
          try stage.bucket.keys() == ["media/a"]
        }
        #expect(try after.text("read('b.part')") == "shared")
        #expect(try stage.bucket.get("media/a") == "scratch")
      }
    }
  }
}
