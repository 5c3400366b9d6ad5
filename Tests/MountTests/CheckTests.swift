import MediaFSTesting
import Testing

extension MountTests {
  /// `mediafs check` tries what a mount needs and leaves nothing behind.
  @Suite struct Check {
    @Test(arguments: S3Server.tested)
    func aGoodBucketPassesAndStaysAsItWas(_ kind: S3Server.Kind) throws {
      try Stage.play(on: kind) { stage in
        try stage.bucket.put("media/a.txt", "hello")
        let access = stage.bucket.access
        let finished = try run(
          [TestEnvironment.program, "check", "s3://\(stage.bucket.name)/media"]
            + ["-o", "s3.endpoint=\(access.url)"], environment: access.credentials)
        #expect(finished.exit == .code(0), "\(finished)")
        #expect(try stage.bucket.keys() == ["media/a.txt"])
        #expect(try stage.bucket.unfinishedUploads() == [])
      }
    }

    @Test func aWrongKeyIsSaid() throws {
      try Stage.play { stage in
        let access = stage.bucket.access
        let finished = try run(
          [TestEnvironment.program, "check", "s3://\(stage.bucket.name)/media"]
            + ["-o", "s3.endpoint=\(access.url)"],
          environment: access.credentials.merging(["AWS_SECRET_ACCESS_KEY": "wrong"]) { $1 })
        #expect(finished.exit == .code(10), "\(finished)")
      }
    }
  }
}
