import Foundation
import Glibc
import PosixIO
import SystemPackage
import Testing

@testable import FuseServer

@Suite struct SessionTests {
  @Test func theSourceIsShownAsGiven() throws {
    try withMemoryMount(source: "s3://bucket/a b,c\\d") { mount in
      let line = try #require(try mountTableLine(of: mount.mountpoint))
      #expect(line.hasPrefix("s3://bucket/a\\040b,c\\134d "))
      #expect(line.contains(" fuse.mediafs rw,nosuid,nodev,"))
      #expect(line.contains(",default_permissions"))
      #expect(!line.contains("allow_other"))
    }
  }

  @Test func optionsAreWordsForLibfuse() {
    var options = MountOptions(source: "a,b")
    options.allowOther = true
    options.readOnly = true
    options.defaultPermissions = false
    options.kernelOptions = ["noexec", "noatime"]
    #expect(options.argument == #"fsname=a\,b,subtype=mediafs,allow_other,ro,noexec,noatime"#)
  }

  @Test func anUnusableMountpointIsNamed() throws {
    let directory = try MemoryMount.makeDirectory()
    defer { try? FileTree.removeTree(directory) }
    _ = try OwnedDescriptor(opening: directory.appending("file"), .writeOnly, options: .create)
    let reasons = [
      ("missing", "does not exist"), ("file", "is not a directory"),
      ("file/below", "is not a directory"),
    ]
    for (name, reason) in reasons {
      let path = FilePath(directory.string + "/" + name)
      let mount = try MemoryMount(at: path)
      #expect(try mount.nextLine() == "failed: mountpoint \(path) \(reason)")
      mount.end()
    }
  }

  @Test func aSecondMountIsRefused() throws {
    try withMemoryMount { mount in
      let second = try MemoryMount(at: mount.mountpoint)
      #expect(
        try second.nextLine()
          == "failed: mountpoint \(mount.mountpoint) is busy: it is already mounted")
      #expect(try second.nextLine() == nil)
    }
  }

  @Test func aMountWithoutItsDaemonIsNamed() throws {
    let dead = try MemoryMount()
    defer { dead.end() }
    try dead.expect("mounted")
    kill(dead.processIdentifier, SIGKILL)
    #expect(try dead.nextLine() == nil)
    let next = try MemoryMount(at: dead.mountpoint)
    defer { next.end() }
    #expect(try next.nextLine()?.contains("is a mount without its daemon") == true)
  }

  /// The kernel begins with 128 KiB, which no answer of ours raises.
  @Test func theKernelReadsFarAhead() throws {
    try withMemoryMount { mount in
      let mounts = try MountTable.current().entries
      let own = try #require(mounts.last { $0.mountpoint == mount.mountpoint.string })
      let setting = try OwnedDescriptor(
        opening: FilePath("/sys/class/bdi/\(own.device)/read_ahead_kb"), .readOnly)
      #expect(String(decoding: try setting.read(count: 10, at: 0), as: UTF8.self) == "1024\n")
    }
  }

  @Test func unmountingFromOutsideEndsTheServer() throws {
    let mount = try MemoryMount()
    defer { mount.end() }
    try mount.expect("mounted")
    _ = try FileTree.status(of: mount.mountpoint)
    #expect(unsafe umount2(mount.mountpoint.string, 0) == 0)
    try mount.expect("unmounted")
    #expect(try mount.nextLine() == nil)
  }

  @Test func theKernelForgetsWhatIsInvalidated() throws {
    try withMemoryMount { mount in
      let file = try OwnedDescriptor(opening: mount.path("file"), .readWrite, options: .create)
      try file.write([1, 2, 3], at: 0)
      #expect(try file.read(count: 10, at: 0) == [1, 2, 3])
      // A directory that somebody works in keeps its name when the kernel shall ask for it again.
      try FileTree.makeDirectory(mount.path("in use"), permissions: .ownerReadWriteExecute)
      let used = try OwnedDescriptor(opening: mount.path("in use"), .readOnly)
      try mount.tell("file")
      try mount.expect("appended")
      // It caches for an hour.
      #expect(try file.read(count: 10, at: 0) == [1, 2, 3])
      try mount.tell("invalidate")
      let deadline = ContinuousClock.now + .seconds(30)
      while try file.status().size != 4, ContinuousClock.now < deadline {}
      #expect(try file.read(count: 10, at: 0) == [1, 2, 3, 42])
      let name = try FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/fd/\(used.number)")
      #expect(name == mount.path("in use").string)
    }
  }
}
