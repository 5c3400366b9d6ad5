import MediaFSTesting
import Testing

extension MountTests {
  /// What POSIX and Linux promise of a filesystem: the tables of `Tests/Support/posix`, some 12,000
  /// assertions by root and by others, in the breadth of pjdfstest.
  @Suite(.serialized) struct Posix {
    /// One module of `Tests/Support/posix` each; `bucket` asks what holds for a mount alone.
    enum Area: String, CaseIterable, CustomTestStringConvertible {
      case opening, directories, unlinking, renaming, exchanging, linking, symlinks, nodes, modes
      case owners, times, timestamps, truncating, access, sticky, errors, listing, xattrs, acls
      case allocating, copying, temporary, locking, mapping, handles, space, bucket

      var testDescription: String { rawValue }
    }

    private static let script = TestEnvironment.support("posix/posix.py")
    private static let snapshots = TestEnvironment.support("posix/snapshot.py")
    private static let handles = TestEnvironment.support("posix/handlebook.py")

    /// Others are let in, and what is deleted goes at once: the bucket has to become the tree.
    private static let options = ["mount.allow_other": "true", "delete.delay": "0s"]

    private static func mount(
      _ stage: Stage, cache: String = "cache", adding added: [String: String] = [:]
    ) throws -> Mount {
      try stage.mount(cache: cache, options: options.merging(added) { $1 })
    }

    /// How the tables have a mount write back what it holds.
    private static func settling(_ mount: Mount) -> [String] {
      ["--settle", "'\(TestEnvironment.program)' flush '\(mount.directory)' --timeout 240s"]
    }

    private static func expectPass(_ arguments: [String]) throws {
      let finished = try run(["python3", script] + arguments, within: .seconds(300))
      #expect(finished.exit == .code(0), "\(finished)")
    }

    /// The control: whatever fails on a mount and not here is the mount's fault.
    @Test func ext4Passes() throws {
      let directory = try TemporaryDirectory()
      let image = directory.path + "/image"
      try succeed(["truncate", "-s", "4G", image])
      try succeed(["mkfs.ext4", "-q", "-b", "4096", image])
      let control = """
        mount -o loop "$1" "$2"
        python3 "$3" "$2"
        mkdir "$2"/later
        python3 "$3" --prepare "$2"/later readonly
        mount -o remount,ro "$2"
        python3 "$3" "$2"/later readonly
        """
      let point = try directory.directory("point")
      // A mount namespace of its own leaves nothing behind, however it ends.
      let finished = try run(
        ["unshare", "-m", "sh", "-ec", control, "-", image, point, Self.script],
        within: .seconds(300))
      #expect(finished.exit == .code(0), "\(finished)")
      let results = finished.output.split(separator: "\n").filter { $0.contains(" passed, 0 fa") }
      #expect(results.count == 3, "\(finished)")
    }

    @Test(arguments: Area.allCases) func theMountPasses(_ area: Area) throws {
      try Stage.play { stage in
        let mount = try Self.mount(stage)
        try Self.expectPass(Self.settling(mount) + [mount.directory, area.rawValue])
        try Self.expectAllComesBack(stage, of: mount, ignoring: ["--implied"])
      }
    }

    @Test func aReadOnlyMountPasses() throws {
      try Stage.play { stage in
        let mount = try Self.mount(stage)
        try Self.expectPass(Self.settling(mount) + ["--prepare", mount.directory, "readonly"])
        try mount.unmount(drains: true)
        let readOnly = try Self.mount(
          stage, cache: "another cache", adding: ["mount.read_only": "true"])
        try Self.expectPass([readOnly.directory, "readonly"])
      }
    }

    /// What is in the tree goes to the bucket, and a mount with nothing but the bucket has it all.
    private static func expectAllComesBack(
      _ stage: Stage, of mount: Mount, ignoring: [String] = []
    ) throws {
      let saved = stage.path("tree.json")
      try shell("python3 \"$1\" save \"$2\" > \"$3\"", snapshots, mount.directory, saved)
      try mount.unmount(drains: true)
      let fresh = try Self.mount(stage, cache: "another cache")
      let finished = try run(
        ["python3", snapshots, "check"] + ignoring + [fresh.directory, saved],
        within: .seconds(300))
      #expect(finished.exit == .code(0), "\(finished)")
      try fresh.unmount()
    }

    /// Kinds, modes, owners, times, attributes, lists, links, devices: from the bucket alone.
    @Test func aTreeOfEverythingComesBackFromTheBucket() throws {
      try Stage.play { stage in
        let twin = stage.path("twin")
        let saved = stage.path("twin.json")
        try succeed(["python3", Self.snapshots, "make", twin])
        try shell("python3 \"$1\" save \"$2\" > \"$3\"", Self.snapshots, twin, saved)

        let mount = try Self.mount(stage)
        let tree = mount.directory + "/tree"
        try succeed(["python3", Self.snapshots, "make", tree])
        try mount.unmount(drains: true)
        let fresh = try Self.mount(stage, cache: "another cache")
        let finished = try run(
          ["python3", Self.snapshots, "check", "--atime", fresh.directory + "/tree", saved],
          within: .seconds(300))
        #expect(finished.exit == .code(0), "\(finished)")
        // Once more, by its own account, with the times that nobody can set.
        try Self.expectAllComesBack(stage, of: fresh, ignoring: ["--implied", "--ctime"])
      }
    }

    @Test func fileHandlesOutliveTheMount() throws {
      try Stage.play { stage in
        let book = stage.path("handles.json")
        let mount = try Self.mount(stage)
        try shell("python3 \"$1\" save \"$2\" > \"$3\"", Self.handles, mount.directory, book)
        try mount.unmount(drains: true)
        let again = try Self.mount(stage)
        let finished = try run(["python3", Self.handles, "check", again.directory, book])
        #expect(finished.exit == .code(0), "\(finished)")
      }
    }
  }
}
