import MediaFSTesting
import Testing

extension MountTests {
  /// Loads that are made to break filesystems; each verifies what it does.
  @Suite struct ToolsStress {
    /// Stressors of stress-ng that run at the same time, with limits where the preset is large.
    struct Group: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let stressors: [String]
      var limits: [String] = []

      static let all = [
        Group(
          testDescription: "names",
          stressors: [
            "dentry", "dir", "dirdeep", "filename", "getdent", "open", "rename",
            "symlink", "touch",
          ], limits: ["--dentries", "256", "--dirdeep-inodes", "500"]),
        Group(
          testDescription: "links",
          stressors: ["link", "mknod", "chdir", "dirmany"], limits: ["--chdir-dirs", "256"]),
        Group(
          testDescription: "attributes",
          stressors: [
            "access", "chmod", "chown", "dup", "fcntl", "fstat", "inotify", "utime",
            "xattr",
          ]),
        Group(
          testDescription: "locks",
          stressors: ["flock", "lease", "locka", "lockf", "lockofd", "handle", "dnotify"]),
        Group(
          testDescription: "bytes",
          stressors: [
            "hdd", "iomix", "seek", "revio", "sync-file", "readahead", "copy-file", "fallocate",
            "fpunch", "fsize",
          ],
          limits: [
            "--hdd-bytes", "32m", "--iomix-bytes", "32m", "--seek-size", "16m", "--revio-bytes",
            "32m", "--sync-file-bytes", "32m", "--readahead-bytes", "32m", "--copy-file-bytes",
            "128m", "--fallocate-bytes", "32m",
          ]),
        Group(
          testDescription: "transfers",
          stressors: ["aio", "aiol", "io", "mmapfork", "msync", "sendfile", "splice"]),
      ]
    }

    @Test(arguments: Group.all)
    func stressorsFindWhatTheyWrote(_ group: Group) throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["mount.allow_other": "true"])
        let directory = mount.directory + "/stress"
        try succeed(["mkdir", "-m", "777", directory])
        let finished = try run(
          ["stress-ng", "--verify", "--timeout", "8", "--temp-path", directory, "--oomable"]
            + group.limits + group.stressors.flatMap { ["--\($0)", "1"] },
          within: .seconds(120))
        #expect(finished.exit == .code(0), "\(finished)")
        // A stressor that finds its system call missing only says that it skips it.
        let text = finished.output + finished.errors
        #expect(!text.contains("skipping") && !text.contains("fail"), "\(finished)")
        try succeed(["rm", "-r", directory], within: .seconds(120))
        try expectNothingLeft(mount, stage)
      }
    }

    @Test func dbenchOfFourClientsEndsClean() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let directory = mount.directory + "/dbench"
        try succeed(["mkdir", directory])
        let finished = try run(
          ["dbench", "-D", directory, "-t", "10", "4"], within: .seconds(120))
        #expect(finished.exit == .code(0), "\(finished)")
        #expect(finished.output.contains("Throughput"), "\(finished)")
        try succeed(["rm", "-r", directory], within: .seconds(120))
        try expectNothingLeft(mount, stage)
      }
    }

    /// What was made, renamed and deleted in a hurry is gone at the store as well.
    private func expectNothingLeft(_ mount: Mount, _ stage: Stage) throws {
      #expect(try succeed(["ls", "-A", mount.directory]) == "")
      try mount.flush()
      #expect(try mount.status()["dirty"]?["files"]?.int == 0)
      try expectModestMemory(mount)
      #expect(try stage.bucket.unfinishedUploads() == [])
    }
  }
}
