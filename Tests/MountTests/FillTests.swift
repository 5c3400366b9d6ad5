import MediaFSTesting
import Testing

extension MountTests {
  /// No room: in the cache, on its disk, in its database. Nothing acknowledged is lost, nothing
  /// hangs, and all is well when there is room again.
  @Suite struct Fill {
    private static let mebibyte = 1 << 20

    /// Leaves not a block that anybody may have.
    private static func fill(_ disk: Disk) throws {
      try shell(
        """
        for size in 1M 4k 1; do
          dd if=/dev/zero of="$1/filler $size" bs=$size status=none 2>/dev/null || true
        done
        """, disk.directory)
    }

    @Test(.executes("Writing", "A cache that is full of what is not uploaded yet"))
    func aCacheFullOfDirtyBytesIsReadThrough() throws {
      try Stage.play { stage in
        try makeRandomFile(at: stage.path("film"), size: 24 * Self.mebibyte)
        try stage.bucket.upload("media/film", file: stage.path("film"))
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access, options: ["cache.size": "16MiB", "cache.min_free": "0%"])
        let application = try Application(in: mount.directory)
        try application.run("os.stat('film')")
        try proxy.refuse("PUT", status: 503, code: "ServiceUnavailable")
        try application.run("number = os.open('dirty', os.O_WRONLY | os.O_CREAT); count = 0")
        let full = "while True: count += os.write(number, bytes([count >> 17 & 255]) * (128 << 10))"
        #expect(try application.error(of: full) == "ENOSPC")
        let count = try #require(try application.int("count"))
        #expect(count > 14 * Self.mebibyte && count < 16 * Self.mebibyte)
        #expect(try mount.status()["cache"]?["full"]?.text?.contains("not uploaded") == true)

        // A file that is larger than all of the cache, through what is left.
        try proxy.clear()
        try expectNoDifference(stage.path("film"), mount.directory + "/film")
        let sent = try proxy.requests().filter { $0.method == "GET" }.map(\.sent).reduce(0, +)
        #expect(sent < 3 * 24 * Self.mebibyte)
        #expect(try mount.status()["cache"]?["bytes"]?.int ?? .max <= 16 * Self.mebibyte)
        #expect(try application.error(of: "os.write(number, b'x' * (1 << 20))") == "ENOSPC")

        try proxy.admit()
        try mount.flush()
        #expect(try mount.status()["cache"]?["full"] == nil)
        try application.run("append(number, b'x' * (1 << 20)); os.close(number)")
        try mount.flush()
        #expect(try stage.bucket.head("media/dirty")["size"]?.int == count + Self.mebibyte)
      }
    }

    /// Filled from outside to its last block, so that neither content nor catalog can grow.
    @Test(
      .executes("Errors", "`ENOSPC`"),
      .executes("Writing", "When the disk of the cache is really full"))
    func aDiskThatIsFullLosesNothing() throws {
      try Stage.play { stage in
        let disk = try Disk(on: stage, "disk")
        let mount = try stage.mount(
          options: SemanticsOfErrors.offline.merging([
            "cache.directory": disk.directory + "/cache", "cache.min_free": "0%",
          ]) { $1 })
        let application = try Application(in: mount.directory)
        try application.run(
          """
          for n in range(20): write(f'f{n}', bytes([n]) * 100000)
          number = os.open('open', os.O_RDWR | os.O_CREAT); append(number, b'acknowledged')
          """)
        let daemon = try #require(mount.daemon)
        try Self.fill(disk)
        let attempts = [
          "write('new', b'x')", "append(number, b'x' * (1 << 20))",
          "for n in range(20000): os.mkdir(f'd{n}')", "for n in range(20000): os.chmod('f2', n)",
        ]
        // The catalog has some room of its own, for what needs no other.
        try application.run("os.rename('f1', 'g1'); os.rename('g1', 'f1')")
        for attempt in attempts {
          #expect(try application.error(of: attempt) == "ENOSPC", "\(attempt)")
        }
        #expect(try mount.status()["cache"]?["full"]?.text?.contains("disk") == true)
        let whole = "all(read(f'f{n}') == bytes([n]) * 100000 for n in range(20))"
        #expect(try application.value(whole) == true)
        #expect(mount.daemon == daemon)

        try shell("rm \"$1\"/filler*", disk.directory)
        #expect(try mount.status()["cache"]?["full"] == nil)
        try application.run("append(number, b', and more'); write('new', 'fits')")
        #expect(try application.value(whole) == true)
        try mount.flush()
        // Some of what failed may be there, but no zeros.
        try application.run("text = read('open'); import hashlib")
        #expect(try application.value("text.startswith(b'acknowledged')") == true)
        #expect(try application.value("text.endswith(b', and more')") == true)
        #expect(try application.value("set(text[12:-10]) <= set(b'x')") == true)
        let hash = try application.text("hashlib.sha256(text).hexdigest()")
        #expect(try stage.bucket.sha256("media/open") == hash)
        for n in 0..<20 {
          let hash = try application.text("hashlib.sha256(bytes([\(n)]) * 100000).hexdigest()")
          #expect(try stage.bucket.sha256("media/f\(n)") == hash, "f\(n)")
        }
        #expect(try stage.bucket.get("media/new") == "fits")
        #expect(try mount.status()["violations"]?.int == 0)
      }
    }

    /// And its death at that moment.
    @Test func whatWasAcknowledgedOnAFullDiskSurvivesTheDaemon() throws {
      try Stage.play { stage in
        let disk = try Disk(on: stage, "disk")
        let options = SemanticsOfErrors.offline.merging([
          "cache.directory": disk.directory + "/cache", "cache.min_free": "0%",
        ]) { $1 }
        let mount = try stage.mount(options: options)
        let application = try Application(in: mount.directory)
        try application.run("count = 0; number = os.open('log', os.O_WRONLY | os.O_CREAT)")
        let full = """
          while True: count += os.write(number, bytes([65 + count // 32768 % 26]) * 32768)
          """
        #expect(try application.error(of: full) == "ENOSPC")
        let count = try #require(try application.int("count"))
        try mount.crash()
        try application.end()
        mount.kill()
        try shell("dd if=/dev/zero of=\"$1\"/filler bs=4k count=10 || true", disk.directory)
        try shell("rm -f \"$1\"/filler; truncate -s 0 \"$1\"/cache/mediafs.log", disk.directory)
        // There is no room to repair anything either: it starts all the same, or says why not.
        let again = try stage.mount(options: options)
        let reader = try Application(in: again.directory)
        try reader.run("bytes_of_log = read('log')")
        #expect(try reader.int("len(bytes_of_log)") ?? 0 >= count)
        let whole = "all(b == 65 + i // 32768 % 26 for i, b in enumerate(bytes_of_log[:\(count)]))"
        #expect(try reader.value(whole) == true)
      }
    }
  }
}
