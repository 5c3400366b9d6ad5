import PosixIO
import Testing

@testable import mediafs

@Suite struct MediafsMountsTests {
  private let table = MountTable(
    [
      ("/", "ext4"), ("/srv/media", "fuse.mediafs"), ("/srv/media/deep", "fuse.mediafs"),
      ("/srv/other", "fuse.sshfs"),
    ].map { .init(device: "0:1", mountpoint: $0.0, type: $0.1, source: "x") }
  ).ofMediafs

  @Test(arguments: [
    ("/srv/media", "/srv/media", ""), ("/srv/media/a/b.jpg", "/srv/media", "a/b.jpg"),
    ("/srv/media/deep/x", "/srv/media/deep", "x"), ("/srv/media/deeper", "/srv/media", "deeper"),
  ])
  func innermostMountHoldsAPath(_ path: String, _ mountpoint: String, _ relative: String) {
    let found = table.mount(holding: path)
    #expect(found?.entry.mountpoint == mountpoint && found?.relative == relative)
  }

  @Test(arguments: ["/srv", "/srv/mediaplus", "/", "/srv/other/a"])
  func otherPathsAreOnNone(_ path: String) {
    #expect(table.mount(holding: path) == nil)
  }
}
