import CLinux
import Foundation
import Glibc
import PosixIO
import SystemPackage
import Testing

@Suite struct FileTests {
  @Test func bytesWrittenAreRead() throws {
    try withMemoryMount { mount in
      let path = mount.path("file")
      let file = try OwnedDescriptor(opening: path, .readWrite, options: .create)
      // Longer than one WRITE, and not of a whole number of pages.
      let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try file.write(bytes, at: 5)
      try file.synchronize()
      #expect(try file.read(count: 4_000_000, at: 0) == [0, 0, 0, 0, 0] + bytes)
      try file.truncate(to: 7)
      #expect(try file.status().size == 7)
      try file.truncate(to: 9)
      #expect(try file.read(count: 100, at: 5) == Array(bytes.prefix(2)) + [0, 0])
      let emptied = try OwnedDescriptor(opening: path, .writeOnly, options: .truncate)
      #expect(try emptied.status().size == 0)
    }
  }

  @Test func appendedBytesGoToTheEnd() throws {
    try withMemoryMount { mount in
      let path = mount.path("log")
      for word in ["one", "two", "three"] {
        let file = try OwnedDescriptor(opening: path, .writeOnly, options: [.create, .append])
        try file.write(Array(word.utf8), at: 0)
      }
      let bytes = try OwnedDescriptor(opening: path, .readOnly).read(count: 100, at: 0)
      #expect(String(decoding: bytes, as: UTF8.self) == "onetwothree")
    }
  }

  @Test func aFileWithoutNameLivesWhileOpen() throws {
    try withMemoryMount { mount in
      let file = try OwnedDescriptor(
        opening: mount.path("gone"), .readWrite, options: [.create, .exclusiveCreate])
      try file.write([1, 2, 3], at: 0)
      try FileTree.unlink(mount.path("gone"))
      #expect(try FileTree.exists(mount.path("gone")) == false)
      try file.write([4], at: 3)
      #expect(try file.read(count: 10, at: 0) == [1, 2, 3, 4])
      #expect(try file.status().linkCount == 0)
    }
  }

  @Test func timesKeepTheirNanoseconds() throws {
    try withMemoryMount { mount in
      let file = try OwnedDescriptor(opening: mount.path("old"), .writeOnly, options: .create)
      try file.setTimes(accessed: -1, modified: 1_234_567_890_123_456_789)
      #expect(try file.status().modified == 1_234_567_890_123_456_789)
      #expect(try file.status().accessed == -1)
      try file.setTimes(accessed: nil, modified: 5)
      let status = try FileTree.status(of: mount.path("old"))
      #expect([status.accessed, status.modified] == [-1, 5])
    }
  }

  @Test func aNewOwnerClearsSetuid() throws {
    try withMemoryMount { mount in
      let file = try OwnedDescriptor(opening: mount.path("tool"), .writeOnly, options: .create)
      try file.setPermissions(FilePermissions(rawValue: 0o4755))
      #expect(try file.status().mode & 0o7777 == 0o4755)
      #expect(fchown(file.number, 1, 1) == 0)
      #expect(try file.status().mode & 0o7777 == 0o755)
      #expect(try file.status().user == 1)
    }
  }

  @Test func locksHoldBetweenProcesses() throws {
    try withMemoryMount { mount in
      let file = try OwnedDescriptor(opening: mount.path("lock"), .writeOnly, options: .create)
      #expect(try file.tryLock())
      #expect(try run("flock", "-n", mount.path("lock").string, "true") == 1)
      #expect(flock(file.number, LOCK_UN) == 0)
      #expect(try run("flock", "-n", mount.path("lock").string, "true") == 0)
    }
  }

  private func run(_ words: String...) throws -> CInt {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test func statisticsAreTheFilesystemsOwn() throws {
    try withMemoryMount { mount in
      let space = try FileTree.space(at: mount.mountpoint)
      #expect(space == (1 << 40, 1 << 39))
    }
  }

  @Test func extendedAttributesAreReadAndSet() throws {
    try withMemoryMount { mount in
      let path = mount.path("file")
      _ = try OwnedDescriptor(opening: path, .writeOnly, options: .create)
      var value = [UInt8](repeating: 0, count: 10)
      let name = "user.memory.inode"
      #expect(unsafe getxattr(path.string, name, nil, 0) == 1)
      #expect(unsafe getxattr(path.string, name, &value, value.count) == 1)
      #expect(value.first == UInt8(ascii: "2"))
      #expect(unsafe getxattr(mount.mountpoint.string, name, &value, 0) == 1)
      #expect(unsafe getxattr(path.string, "user.other", nil, 0) == -1)
      #expect(errno == ENODATA)
      #expect(unsafe getxattr(path.string, "security.capability", nil, 0) == -1)
      #expect(errno == ENODATA)
      let create: CInt = 1  // XATTR_CREATE
      #expect(unsafe setxattr(path.string, "user.own", value, 1, 0) == 0)
      #expect(unsafe setxattr(path.string, "user.own", value, 1, create) == -1)
      #expect(errno == EEXIST)
      #expect(unsafe listxattr(path.string, nil, 0) == "user.own".utf8.count + 1)
    }
  }
}
