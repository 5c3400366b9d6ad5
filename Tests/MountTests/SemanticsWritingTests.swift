import MediaFSTesting
import Testing

extension MountTests {
  /// "Writing" of the Semantics chapter; see ``Coalescing`` as well.
  @Suite struct SemanticsOfWriting {
    @Test(.executes("Writing", "A write returns when the local disk's cache has it"))
    func aFileThatNeverRestsIsUploadedAfterTheMaximalDelay() throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["upload.delay": "2s", "upload.max_delay": "2s"])
        let application = try Application(in: mount.directory)
        try application.run("number = os.open('log', os.O_WRONLY | os.O_CREAT)")
        try eventually("the upload of a file that changes all the time", within: .seconds(60)) {
          try application.run("append(number, 'line\\n')")
          return try stage.bucket.keys() == ["media/log"]
        }
      }
    }

    @Test(.executes("Writing", "A write returns when the local disk's cache has it"))
    func aFileThatChangesWhileItIsSentIsSentAgain() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        try application.run("write('first', '')")
        try mount.flush()
        try proxy.clear()
        try proxy.hang()
        try application.run(
          "number = os.open('f', os.O_RDWR | os.O_CREAT); append(number, b'A' * (4 << 20))")
        try eventually("the upload", within: .seconds(60)) {
          try proxy.requests().contains { $0.method == "PUT" && $0.path.hasSuffix("/f") }
        }
        try application.run("os.pwrite(number, b'B' * (4 << 20), 0); os.close(number)")
        try proxy.resume()
        try mount.flush()
        #expect(try stage.bucket.get("media/f").utf8.allSatisfy { $0 == UInt8(ascii: "B") })
        #expect(try stage.bucket.head("media/f")["size"]?.int == 4 << 20)
      }
    }

    @Test(.executes("Writing", "A write returns when the local disk's cache has it"))
    func anInterruptedUploadGoesOnWithThePartsThatTheStoreHas() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let options = ["upload.part_size": "5MiB", "s3.connections": "2"]
        let mount = try stage.mount(through: proxy.access, options: options)
        let file = stage.path("large")
        try makeRandomFile(at: file, size: 60 << 20)
        try succeed(["cp", file, mount.directory + "/large"])
        func parts() throws -> [String] {
          try proxy.requests().filter {
            $0.method == "PUT" && $0.status == 200 && $0.path.contains("/large")
          }.map(\.query).filter { $0.contains("partNumber=") }
        }
        try eventually("three parts", within: .seconds(60)) { try parts().count >= 3 }
        try proxy.hang()
        try eventually("a request in vain", within: .seconds(60)) {
          try proxy.requests().contains { $0.status == nil }
        }
        try mount.crash()
        let before = try parts()
        try proxy.clear()
        try proxy.resume()

        let again = try stage.mount(through: proxy.access, options: options)
        try again.flush()
        let after = try parts()
        // Some more have arrived without their answers being seen.
        #expect(Set(before).isDisjoint(with: after), "\(before)\n\(after)")
        let uploads = Set((before + after).compactMap { $0.split(separator: "=").last })
        #expect(uploads.count == 1, "\(before)\n\(after)")
        #expect(try stage.bucket.sha256("media/large") == succeed(["sha256sum", file]).prefix(64))
        #expect(try stage.bucket.unfinishedUploads() == [])
      }
    }

    @Test(.executes("Writing", "An upload that the store refuses for good"))
    func aRefusedUploadIsParkedAndOthersAreTriedForEver() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(through: proxy.access)
        let application = try Application(in: mount.directory)
        try application.run("write('first', '')")
        try mount.flush()

        try proxy.refuse("PUT", status: 403, code: "AccessDenied")
        try application.run("write('refused', 'kept')")
        try eventually("the refusal", within: .seconds(60)) {
          try mount.status()["parked"]?.list.compactMap { $0["path"]?.text } == ["refused"]
        }
        func retries() throws -> Int { try mount.status()["uploads"]?["retries"]?.int ?? 0 }
        // The last one is about credentials, which somebody will mend without telling the mount.
        for (name, status, code) in [
          ("unlucky", 500, "InternalError"), ("unknown", 403, "InvalidAccessKeyId"),
        ] {
          let before = try retries()
          try proxy.refuse("PUT", status: status, code: code)
          try application.run("write('\(name)', 'kept')")
          try eventually("the failure", within: .seconds(60)) { try retries() > before }
          #expect(try mount.status()["parked"]?.list.count == 1)
        }
        try proxy.admit()
        try eventually("what was only unlucky", within: .seconds(120)) {
          try stage.bucket.keys() == ["media/first", "media/unknown", "media/unlucky"]
        }
        #expect(try mount.status()["dirty"]?["files"]?.int == 1)
        #expect(try application.text("read('refused')") == "kept")
        #expect(try mount.mediafs("retry").exit == .code(0))
        try mount.flush()
        #expect(try stage.bucket.get("media/refused") == "kept")
        #expect(try mount.status()["parked"]?.list == [])
      }
    }
  }
}
