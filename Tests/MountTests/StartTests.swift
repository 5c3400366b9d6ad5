import MediaFSTesting
import Testing

extension MountTests {
  /// How a mount begins: alone on its state, and with whatever an earlier one has left.
  @Suite(.serialized) struct Start {
    /// Another mount point, the same cache: the second daemon says who is there, and the first one
    /// does not notice.
    @Test(.executes("What survives what", "Only one daemon uses a state directory"))
    func aSecondDaemonNamesTheFirst() throws {
      try Stage.play { stage in
        let first = try stage.mount()
        try shell("echo acknowledged > \"$1/file\"", first.directory)
        let daemon = try #require(first.daemon)
        let other = try stage.directory.directory("other")
        let command = Mount.command(
          "s3://\(stage.bucket.name)/media", on: other,
          options: [
            "s3.endpoint": stage.bucket.access.url, "cache.directory": stage.path("cache"),
          ])
        let finished = try run(
          command, environment: stage.bucket.access.credentials, within: .seconds(60))
        #expect(finished.exit == .code(23), "\(finished)")
        #expect(finished.errors.split(separator: "\n").count == 1, "\(finished)")
        #expect(finished.errors.contains("process \(daemon), mounted on \(first.directory)"))
        #expect(try !Mount.isMounted(other))
        #expect(try succeed(["cat", first.directory + "/file"]) == "acknowledged\n")
        try first.unmount(drains: true)
      }
    }
  }
}
