import PosixIO
import Testing

@Suite struct MountTableTests {
  private let table = MountTable(
    parsing: Array(
      #"""
      22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
      97 22 0:52 / /srv/media rw,nosuid shared:50 master:2 - fuse.mediafs s3://b/a/ rw,user_id=0
      98 22 0:53 / /srv/media\040of\134mine rw - fuse.mediafs file:///x rw
      100 22 0:55 / /srv/other rw - fuse.sshfs host:/ rw
      nonsense
      101 22 0:56 / /srv/short rw -
      """#.utf8))

  @Test func findsAllAndUnescapes() {
    #expect(
      table.entries == [
        .init(device: "0:20", mountpoint: "/", type: "ext4", source: "/dev/vda1"),
        .init(device: "0:52", mountpoint: "/srv/media", type: "fuse.mediafs", source: "s3://b/a/"),
        .init(
          device: "0:53", mountpoint: #"/srv/media of\mine"#, type: "fuse.mediafs",
          source: "file:///x"),
        .init(device: "0:55", mountpoint: "/srv/other", type: "fuse.sshfs", source: "host:/"),
      ])
  }
}
