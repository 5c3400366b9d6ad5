import Testing

@testable import mediafs

@Suite struct MountTableTests {
  private let table = MountTable(
    parsing: Array(
      #"""
      22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
      97 22 0:52 / /srv/media rw,nosuid shared:50 master:2 - fuse.mediafs s3://b/a/ rw,user_id=0
      98 22 0:53 / /srv/media\040of\134mine rw - fuse.mediafs file:///x rw
      99 97 0:54 / /srv/media/deep rw - fuse.mediafs s3://b/c/ rw
      100 22 0:55 / /srv/other rw - fuse.sshfs host:/ rw
      nonsense
      101 22 0:56 / /srv/short rw -
      """#.utf8))

  @Test func findsOursAndUnescapes() {
    #expect(
      table.entries == [
        .init(mountpoint: "/srv/media", source: "s3://b/a/"),
        .init(mountpoint: #"/srv/media of\mine"#, source: "file:///x"),
        .init(mountpoint: "/srv/media/deep", source: "s3://b/c/"),
      ])
  }

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
