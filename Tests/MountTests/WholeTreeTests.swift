import MediaFSTesting
import Testing

extension MountTests {
  /// A tree of 2,000 files and a file of 1 GiB, there and back.
  @Suite struct WholeTree {
    @Test func aTreeAndALargeFileGoToTheBucketAndComeBack() throws {
      try Stage.play { stage in
        let source = stage.path("source")
        let manifest = try makeTree(at: source)

        let mount = try stage.mount()
        try succeed(["cp", "-a", source + "/.", mount.directory], within: .seconds(600))
        try expectNoDifference(source, mount.directory)
        try expectTree(at: mount.directory, equals: manifest)
        try expectModestMemory(mount)
        try mount.unmount(drains: true)

        let differences = try stage.bucket.differences(from: manifest, prefix: "media/")
        #expect(differences == [])
        #expect(try stage.bucket.unfinishedUploads() == [])

        let fresh = try stage.mount(cache: "another cache")
        try expectNoDifference(source, fresh.directory)
        try expectTree(at: fresh.directory, equals: manifest)
        try expectModestMemory(fresh)
        try fresh.unmount()
      }
    }
  }
}
