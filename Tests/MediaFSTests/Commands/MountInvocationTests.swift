import Testing

@testable import mediafs

@Suite struct MountInvocationTests {
  @Test(arguments: [
    ("/sbin/mount.mediafs", true), ("mount.fuse.mediafs", true), ("/usr/bin/mediafs", false),
    ("mount.mediafs.old", false),
  ])
  func isKnownByItsName(_ program: String, _ isHelper: Bool) {
    #expect(MountInvocation.isHelper(program) == isHelper)
  }

  @Test func callOfMountIsTranslated() throws {
    let words = try MountInvocation.translate([
      "s3://bucket/a", "/srv/a", "-v", "-o", "rw,noatime,s3.region=x",
    ])
    #expect(words == ["mount", "-o", "rw,noatime,s3.region=x", "--", "s3://bucket/a", "/srv/a"])
  }

  @Test func ourOwnArgumentsMayStandInFstab() throws {
    let words = try MountInvocation.translate([
      "s3://bucket/a", "/srv/a", "-o", #"rw,config=/etc/a\,b.toml,name=a,foreground,prefix=x\,y"#,
    ])
    #expect(
      words == [
        "mount", "--config=/etc/a,b.toml", "--name=a", "--foreground", "-o", #"rw,prefix=x\,y"#,
        "--", "s3://bucket/a", "/srv/a",
      ])
  }

  @Test func fakeMountsMakeNothing() throws {
    #expect(try MountInvocation.translate(["a", "b", "-sfn"]).contains("--fake"))
  }

  @Test(arguments: [["a"], ["a", "b", "c"], ["a", "b", "-N", "x"], ["a", "b", "-o"]])
  func otherCallsAreRefused(_ words: [String]) {
    #expect(throws: Failure.self) { try MountInvocation.translate(words) }
  }
}
