import MediaFSTesting
import Testing

extension MountTests {
  /// What "Changes by others" of the Semantics chapter says of a file that nobody has whole.
  @Suite struct SemanticsOfLoss {
    private static let size = 24 << 20

    @Test(.executes("Changes by others", "Of a file that was changed here and is not all here"))
    func aChangeOfAReplacedObjectIsKeptAndParked() throws {
      try Stage.play { stage in
        let file = stage.path("film")
        try makeRandomFile(at: file, size: Self.size)
        try stage.bucket.upload("media/film", file: file)
        let mount = try stage.mount(
          options: ["metadata.ttl": "1h", "upload.delay": "1h", "upload.max_delay": "2h"])
        let application = try Application(in: mount.directory)
        try application.run(
          "number = os.open('film', os.O_RDWR); os.pwrite(number, bytes(1 << 20), 12 << 20)")
        try stage.bucket.put("media/film", "theirs")
        #expect(throws: HarnessError.self) { try mount.flush() }

        let parked = try #require(try mount.status()["parked"]?.list.first)
        let copy = try #require(parked["path"]?.text)
        #expect(copy.hasPrefix("film (conflict "))
        #expect(parked["error"]?.text?.contains("write what is missing") == true)
        #expect(try application.value("sorted(os.listdir())").texts == ["film", copy])
        #expect(try application.text("read('film')") == "theirs")
        #expect(try application.int("len(os.pread(number, 1 << 20, 12 << 20))") == 1 << 20)
        #expect(try application.error(of: "os.pread(number, 100, 0)") == "ESTALE")

        // Somebody who has the old bytes.
        try shell(
          """
          dd if=/dev/zero of="$1" bs=1M seek=12 count=1 conv=notrunc status=none
          dd if="$1" of="$2" bs=1M conv=notrunc status=none
          """, file, mount.directory + "/" + copy)
        try mount.flush()
        #expect(try stage.bucket.get("media/film") == "theirs")
        let digest = try succeed(["sha256sum", file]).prefix(64)
        #expect(try stage.bucket.sha256("media/" + copy) == digest)
      }
    }
  }
}
