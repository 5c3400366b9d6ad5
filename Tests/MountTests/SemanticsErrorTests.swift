import Glibc
import MediaFSTesting
import Testing

extension MountTests {
  /// "Errors" of the Semantics chapter; see ``SemanticsOfObjects`` and ``SemanticsOfReading`` too.
  @Suite struct SemanticsOfErrors {
    static let offline = ["upload.delay": "1h", "upload.max_delay": "2h"]

    @Test(.executes("Errors", "`ENOENT`, `EEXIST`, `ENOTDIR`"))
    func errorsOfNamesAreThoseOfPOSIX() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run("os.mkdir('d'); write('d/f', ''); write('f', ''); os.symlink('l', 'l')")
        let attempts = [
          ("ENOENT", ["os.stat('x')", "os.unlink('x')", "os.rename('x', 'y')", "os.mkdir('x/y')"]),
          (
            "EEXIST",
            [
              "os.mkdir('d')", "os.mkdir('f')", "os.symlink('x', 'f')", "os.mkdir('.')",
              "os.open('f', os.O_CREAT | os.O_EXCL)",
            ]
          ),
          (
            "ENOTDIR",
            [
              "os.stat('f/x')", "os.rmdir('f')", "os.listdir('f')", "os.rename('d', 'f')",
              "os.open('f', os.O_DIRECTORY)",
            ]
          ),
          ("EISDIR", ["os.open('d', os.O_WRONLY)", "os.rename('f', 'd')", "os.unlink('d')"]),
          ("ENOTEMPTY", ["os.rmdir('d')", "os.mkdir('e'); os.rename('e', 'd')"]),
          ("EXDEV", ["os.rename('f', '\(stage.path("elsewhere"))')"]),
          ("ELOOP", ["os.stat('l')", "os.open('l', os.O_NOFOLLOW)"]),
          ("EINVAL", ["os.rename('d', 'd/below')", "os.readlink('f')"]),
        ]
        for (name, statements) in attempts {
          for statement in statements {
            #expect(try application.error(of: statement) == name, "\(statement)")
          }
        }
      }
    }

    @Test(.executes("Errors", "`EACCES`, `EPERM`"))
    func permissionsCountAndSoDoTheStores() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/remote", "remote")
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access,
          options: ["mount.allow_other": "true", "metadata.first_bytes": "false"])
        let root = try Application(in: mount.directory)
        try root.run("write('secret', 'x'); os.chmod('secret', 0o600); os.stat('remote')")
        try root.run("os.mkdir('open'); os.chmod('open', 0o777); write('open/theirs', 'x')")
        let nobody = try Application(in: mount.directory, user: 65_534)
        let attempts = [
          ("EACCES", "read('secret')"), ("EACCES", "write('new', '')"),
          ("EACCES", "os.unlink('secret')"), ("EPERM", "os.chmod('open/theirs', 0o777)"),
          ("EPERM", "os.chown('open/theirs', 65534, 65534)"),
        ]
        for (name, statement) in attempts {
          #expect(try nobody.error(of: statement) == name, "\(statement)")
        }
        #expect(try nobody.error(of: "write('open/mine', 'mine'); os.unlink('open/theirs')") == nil)

        try proxy.refuse("GET", status: 403, code: "AccessDenied")
        #expect(try root.error(of: "read('remote')") == "EACCES")
        #expect(try root.text("read('secret')") == "x")
        try proxy.admit()
        #expect(try root.text("read('remote')") == "remote")
      }
    }

    @Test(.executes("Errors", "`EIO`"))
    func aCacheDiskThatFailsIsAnError() throws {
      try Stage.play { stage in
        let disk = try Disk(on: stage, "disk")
        let mount = try stage.mount(
          options: Self.offline.merging(["cache.directory": disk.directory + "/cache"]) { $1 })
        let application = try Application(in: mount.directory)
        try application.run("write('a', 'written'); number = os.open('a', os.O_RDWR)")
        try disk.breaks()
        #expect(try application.error(of: "os.write(number, b'x'); os.fsync(number)") == "EIO")
        #expect(try application.error(of: "os.mkdir('d')") == "EIO")
      }
    }

    @Test(.executes("Errors", "`ENOSPC`"))
    func aCacheThatIsFullOfDirtyBytesTakesNoMore() throws {
      try Stage.play { stage in
        let mount = try stage.mount(
          options: Self.offline.merging(["cache.size": "16MiB", "cache.min_free": "0%"]) { $1 })
        let application = try Application(in: mount.directory)
        try application.run("write('first', b'1' * (12 << 20))")
        #expect(try application.error(of: "write('second', b'2' * (12 << 20))") == "ENOSPC")
        #expect(try application.value("read('first') == b'1' * (12 << 20)") == true)
        try mount.flush()
        try application.run("write('second', b'2' * (12 << 20))")
        try mount.flush()
        #expect(try stage.bucket.head("media/second")["size"]?.int == 12 << 20)
        #expect(try application.value("read('first') == b'1' * (12 << 20)") == true)
      }
    }

    @Test(.executes("Errors", "`ENOSPC`"))
    func aFullDiskTakesNoMore() throws {
      try Stage.play { stage in
        let disk = try Disk(on: stage, "disk")
        let mount = try stage.mount(
          options: [
            "cache.directory": disk.directory + "/cache", "cache.min_free": "0%",
            "upload.enabled": "false",
          ])
        let application = try Application(in: mount.directory)
        #expect(try application.error(of: "write('large', b'x' * (200 << 20))") == "ENOSPC")
        try application.run("os.unlink('large'); write('small', 'fits')")
        #expect(try application.text("read('small')") == "fits")
      }
    }

    @Test(.executes("Errors", "`EFBIG`"))
    func aFileIsNoLargerThanAnObject() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.enabled": "false"])
        let application = try Application(in: mount.directory)
        try application.run("number = os.open('f', os.O_RDWR | os.O_CREAT)")
        let attempts = [
          "os.ftruncate(number, (5 << 40) + 1)", "os.pwrite(number, b'x', 5 << 40)",
          "os.truncate('f', (5 << 40) + 1)",
        ]
        for attempt in attempts {
          #expect(try application.error(of: attempt) == "EFBIG", "\(attempt)")
        }
        #expect(try application.int("os.fstat(number).st_size") == 0)
      }
    }

    @Test(.executes("Errors", "`ENFILE`"))
    func theDaemonsLimitOfOpenFilesIsToldFromTheCallers() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let daemon = try #require(mount.daemon)
        let limits = try succeed(
          ["prlimit", "--pid", "\(daemon)", "--nofile", "--raw", "--noheadings"])
        let columns = limits.split(separator: " ")
        #expect(columns.count > 2 && columns[columns.count - 3] == columns[columns.count - 2])
        try succeed(["prlimit", "--pid", "\(daemon)", "--nofile=200:200"])
        let application = try Application(in: mount.directory)
        try application.run("numbers = []")
        let attempt = """
          [numbers.append(os.open(f'f{n}', os.O_RDWR | os.O_CREAT)) for n in range(300)]
          """
        #expect(try application.error(of: attempt) == "ENFILE")
        #expect(try application.int("len(numbers)") ?? 0 > 50)
        try application.run("[os.close(number) for number in numbers]; write('last', 'x')")
        #expect(try application.text("read('last')") == "x")
      }
    }

    @Test(.executes("What differs from a local disk", "`sync(2)` and `syncfs(2)` do not reach"))
    func flushDoesWhatSyncDoesNot() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: Self.offline)
        let application = try Application(in: mount.directory)
        try application.run(
          "write('f', 'x'); os.sync(); checked(libc.syncfs(os.open('.', os.O_RDONLY)))")
        #expect(try mount.status()["dirty"]?["files"]?.int == 1)
        try mount.flush()
        #expect(try stage.bucket.get("media/f") == "x")
      }
    }

    @Test(.executes("What differs from a local disk", "`FIEMAP`, quotas"))
    func whatIsNotSupportedSaysSo() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let application = try Application(in: mount.directory)
        try application.run("write('f', b'x' * (1 << 20)); number = os.open('f', os.O_RDWR)")
        // FS_IOC_FIEMAP, FICLONE.
        let attempts = [
          ("EOPNOTSUPP", "fcntl.ioctl(number, 0xC020660B, bytes(32 + 56))"),
          ("EOPNOTSUPP", "fcntl.ioctl(os.open('g', os.O_RDWR | os.O_CREAT), 0x40049409, number)"),
          ("EOPNOTSUPP", "fallocate(number, FALLOC_COLLAPSE, 0, 4096)"),
          ("EOPNOTSUPP", "fallocate(number, FALLOC_INSERT, 0, 4096)"),
        ]
        for (name, statement) in attempts {
          #expect(try application.error(of: statement) == name, "\(statement)")
        }
      }
    }

    @Test(.executes("Errors", "`EROFS`"))
    func aReadOnlyMountTakesNoChange() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/f", "remote")
        try stage.bucket.put("media/d/f", "remote")
        let mount = try stage.mount(options: ["mount.read_only": "true"])
        let application = try Application(in: mount.directory)
        let attempts = [
          "write('f', '')", "write('x', '')", "os.mkdir('x')", "os.rmdir('d')", "os.unlink('f')",
          "os.rename('f', 'x')", "os.symlink('f', 'x')", "os.chmod('f', 0)", "os.utime('f')",
          "os.chown('f', 1, 1)", "os.truncate('f', 0)", "os.open('f', os.O_RDWR)",
        ]
        for attempt in attempts {
          #expect(try application.error(of: attempt) == "EROFS", "\(attempt)")
        }
        #expect(try application.text("read('f')") == "remote")
        #expect(try stage.bucket.keys() == ["media/d/f", "media/f"])
      }
    }

    @Test(
      .executes("Errors", "`EINTR`"),
      .executes("When the store does not answer", "Bytes and directories that are not here wait"))
    func aSignalEndsAWait() throws {
      try Stage.play { stage in
        try stage.bucket.put("media/remote", "remote")
        try stage.bucket.put("media/d/unlisted", "")
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access,
          options: ["s3.deadline": "10m", "metadata.first_bytes": "false"])
        try Application(in: mount.directory).run("os.stat('remote')")
        try proxy.hang()
        let script = """
          import os, signal, sys
          def handler(*_):
              raise InterruptedError
          signal.signal(signal.SIGUSR1, handler)
          try:
              os.listdir(sys.argv[1])
          except InterruptedError:
              sys.exit(42)
          """
        let file = mount.directory + "/remote"
        let dying = try ChildProcess(["cat", file])
        let catching = try ChildProcess(["python3", "-c", script, mount.directory + "/d"])
        try eventually("their requests", within: .seconds(60)) {
          let waiting = try proxy.requests().filter { $0.status == nil }
          return waiting.contains { $0.path.hasSuffix("/remote") }
            && waiting.contains { $0.query.contains("prefix=media%2Fd%2F") }
        }
        catching.signal(SIGUSR1)
        dying.signal(SIGTERM)
        #expect(try catching.wait(within: .seconds(60)) == .code(42))
        #expect(try dying.wait(within: .seconds(60)) == .signal(SIGTERM))
        try proxy.resume()
        #expect(try succeed(["cat", file]) == "remote")
      }
    }
  }
}
