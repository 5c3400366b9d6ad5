import MediaFSTesting
import Testing

extension MountTests {
  /// What a mount asks of the store, seen by a proxy that records everything.
  @Suite struct StoreCost {
    @Test func sizesAndTimesOfATreeCostNoDownload() throws {
      try Stage.play { stage in
        for number in 1...40 {
          try stage.bucket.put("media/d\(number % 3)/file \(number)", "object \(number)")
        }
        let proxy = try S3Proxy(to: stage.bucket.access)
        // What nobody writes to is not asked what it can do.
        let options = ["metadata.ttl": "1h", "upload.enabled": "no"]
        let mount = try stage.mount(through: proxy.access, options: options)
        let find = ["find", mount.directory, "-type", "f", "-printf", "%P %s %T@ %m\n"]
        let first = try succeed(find).split(separator: "\n")
        #expect(first.count == 40)
        #expect(first.contains { $0.hasPrefix("d1/file 40 9 ") && $0.hasSuffix(" 644") })
        try succeed(["find", mount.directory, "-ls"])
        func asked() throws -> [String] {
          try proxy.requests().filter { $0.path.contains("/media/") }.map(\.method)
        }
        #expect(try Set(asked()) == ["HEAD"], "something was downloaded")
        #expect(try asked().count == 40 + 3, "each object and each directory's marker, once")

        try proxy.clear()
        #expect(try succeed(find).split(separator: "\n").sorted() == first.sorted())
        #expect(try proxy.requests().map(\.method) == [], "asked again")
      }
    }

    @Test(.executes("Changes by others", "Mode, owner, times, links and extended attributes"))
    func whatAListingTellsMayHaveToDo() throws {
      try Stage.play { stage in
        let other = try stage.otherHost()
        try Application(in: other.directory).run(
          "write('f', 'bytes'); os.chmod('f', 0o600); os.setxattr('f', 'user.a', b'b')")
        try other.flush()
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access,
          options: ["metadata.attributes": "listing", "upload.enabled": "no"])
        let application = try Application(in: mount.directory)
        try succeed(["ls", "-lR", mount.directory])
        let look = "[oct(os.stat('f').st_mode), os.stat('f').st_size, os.listxattr('f')]"
        #expect(try application.text("repr(\(look))") == "['0o100644', 5, []]")
        #expect(try !proxy.requests().contains { $0.path.contains("/media/") }, "an object")
        #expect(try application.text("read('f')") == "bytes")
        #expect(try application.text("repr(\(look))") == "['0o100600', 5, ['user.a']]")
        #expect(try proxy.requests().count { $0.method == "GET" && $0.range != nil } == 1)
      }
    }

    @Test func aNewFileCostsOnePutAndReadingItNothing() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access, options: ["metadata.ttl": "1h"])
        let application = try Application(in: mount.directory)
        try application.run("write('first', '')")
        try mount.flush()
        try proxy.clear()
        try application.run("write('new.txt', 'bytes'); write('empty', '')")
        #expect(try application.text("read('new.txt') + read('empty')") == "bytes")
        try mount.flush()
        #expect(try application.text("read('new.txt') + read('empty')") == "bytes")
        #expect(try proxy.requests().map(\.method) == ["PUT", "PUT"])

        // An empty file is a file.
        #expect(try stage.bucket.head("media/empty")["size"]?.int == 0)
        let other = try Application(in: stage.otherHost().directory)
        #expect(try other.int("os.stat('empty').st_size") == 0)
        #expect(try other.text("read('empty')") == "")
      }
    }

    /// What `make bench` prices: as many requests as files, and none for what is known.
    @Test func theTableOfRequestsHolds() throws {
      try Stage.play { stage in
        let source = stage.path("files")
        let fill = "mkdir $0; for n in $(seq 0 999); do printf 'file %d' $n > $0/$n; done"
        try succeed(["sh", "-c", fill, source])
        let proxy = try S3Proxy(to: stage.bucket.access)
        func asked() throws -> [String: Int] {
          // The mount finds out what the store can do, beneath a name of its own.
          let requests = try proxy.requests().filter { !$0.path.contains("/.mediafs/") }
          return Dictionary(grouping: requests) {
            $0.query.contains("list-type") ? "LIST" : $0.method
          }.mapValues(\.count)
        }
        let options = ["upload.delay": "1s", "metadata.ttl": "1h"]
        let mount = try stage.mount(through: proxy.access, options: options)
        let application = try Application(in: mount.directory)
        try application.run("write('first', '')")
        try mount.flush()
        try proxy.clear()
        try succeed(["cp", "-r", source, mount.directory + "/files"])
        try mount.flush()
        let copied = try asked()
        #expect(copied == ["PUT": 1_000])

        try proxy.clear()
        let sum = "sum(len(read(f'files/{n}')) for n in range(1_000))"
        #expect(try application.int(sum) == 7_890)
        let read = try asked()
        #expect(read == [:])

        try application.run("os.chdir('/')")
        try mount.unmount(drains: true)
        let again = try stage.mount(
          through: proxy.access, options: ["metadata.ttl": "1s", "upload.delay": "1s"])
        try proxy.clear()
        try succeed(["find", again.directory, "-ls"])
        let found = try asked()
        #expect(found == ["LIST": 2])
      }
    }

    @Test(.executes("Attributes", "A change of mode, owner, times or extended attributes"))
    func aChangeOfMetadataSendsNoBytes() throws {
      try Stage.play { stage in
        let file = stage.path("large")
        try makeRandomFile(at: file, size: 20 << 20)
        try stage.bucket.upload("media/large", file: file)
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        try application.run("write('first', '')")
        try mount.flush()
        try proxy.clear()
        try application.run(
          """
          os.chmod("large", 0o600)
          os.setxattr("large", "user.a", b"b")
          os.utime("large", (1, 2))
          os.chown("large", 5, 6)
          """)
        try mount.flush()
        let writes = try proxy.requests().filter { $0.method == "PUT" }
        #expect(writes.map(\.copies) == [true], "the four are one copy within the store")
        #expect(writes.allSatisfy { $0.received == 0 })
        let metadata = try stage.bucket.head("media/large")["metadata"]
        #expect(metadata?["mode"]?.text == "\(0o100600)")
        #expect(metadata?["mtime"]?.text == "2")
        #expect(metadata?["gid"]?.text == "6")
        #expect(try stage.bucket.sha256("media/large") == succeed(["sha256sum", file]).prefix(64))
      }
    }
  }
}
