import CLinux
import Glibc
import PosixIO
import SystemPackage
import Testing

@Suite struct NamespaceTests {
  private func create(_ path: FilePath, _ text: String = "") throws {
    let file = try OwnedDescriptor(opening: path, .writeOnly, options: [.create, .exclusiveCreate])
    try file.write(Array(text.utf8), at: 0)
  }

  private func content(_ path: FilePath) throws -> String {
    let bytes = try OwnedDescriptor(opening: path, .readOnly).read(count: 1000, at: 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func rename(_ old: FilePath, _ new: FilePath, _ flags: UInt32) throws {
    let result = unsafe old.withPlatformString { old in
      unsafe new.withPlatformString { new in
        unsafe renameat2(AT_FDCWD, old, AT_FDCWD, new, flags)
      }
    }
    if result != 0 { throw Errno(rawValue: errno) }
  }

  @Test func renameTakesTheFlagsOfRenameat2() throws {
    try withMemoryMount { mount in
      let (a, b, c) = (mount.path("a"), mount.path("b"), mount.path("c"))
      try create(a, "first")
      try create(b, "second")
      #expect(throws: Errno.fileExists) { try rename(a, b, linux_rename_noreplace) }
      try rename(a, b, linux_rename_exchange)
      #expect(try content(a) == "second")
      #expect(try content(b) == "first")
      try rename(a, c, linux_rename_noreplace)
      try rename(c, b, 0)
      #expect(try content(b) == "second")
      #expect(try FileTree.names(in: mount.mountpoint) == ["b"])
      #expect(throws: Errno.noSuchFileOrDirectory) { try rename(b, a, linux_rename_exchange) }
    }
  }

  @Test func directoriesMoveWithTheirContent() throws {
    try withMemoryMount { mount in
      try FileTree.makeDirectories(mount.path("d/e"), permissions: .ownerReadWriteExecute)
      try create(mount.path("d/e/f"), "text")
      try FileTree.rename(mount.path("d"), to: mount.path("g"))
      #expect(try content(mount.path("g/e/f")) == "text")
      #expect(throws: Errno.invalidArgument) {
        try FileTree.rename(mount.path("g"), to: mount.path("g/e/h"))
      }
      #expect(throws: Errno.directoryNotEmpty) { try FileTree.removeDirectory(mount.path("g")) }
      #expect(try FileTree.status(of: mount.path("g")).linkCount == 3)
      try FileTree.removeTree(mount.path("g"))
      #expect(try FileTree.names(in: mount.mountpoint).isEmpty)
    }
  }

  @Test func symbolicLinksKeepTheirTarget() throws {
    try withMemoryMount { mount in
      let link = mount.path("link")
      #expect(unsafe symlink("../some where/ä", link.string) == 0)
      var buffer = [UInt8](repeating: 0, count: 100)
      let count = unsafe buffer.withUnsafeMutableBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe readlink(link.string, base.assumingMemoryBound(to: CChar.self), buffer.count)
      }
      #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "../some where/ä")
    }
  }

  @Test func namesMustBeUTF8AndShort() throws {
    try withMemoryMount { mount in
      let bad = Array((mount.mountpoint.string + "/").utf8CString.dropLast()) + [-1, 0]
      #expect(unsafe mkdir(bad, 0o755) == -1)
      #expect(errno == EILSEQ)
      // 255 bytes in 128 letters.
      let long = String(repeating: "ä", count: 127) + "a"
      try create(mount.path(long))
      #expect(try FileTree.names(in: mount.mountpoint).map { Array($0.utf8) } == [Array(long.utf8)])
      #expect(throws: Errno.fileNameTooLong) { try create(mount.path(long + "a")) }
      #expect(throws: Errno.fileNameTooLong) { try FileTree.status(of: mount.path(long + "a")) }
    }
  }

  @Test func tenThousandEntriesAreListedOnce() throws {
    try withMemoryMount { mount in
      let names = (0..<10_000).map { "a file with a name of some length \($0)" }
      for name in names { try create(mount.path(name)) }
      #expect(try FileTree.names(in: mount.mountpoint).sorted() == names.sorted())
    }
  }

  @Test func exclusiveCreationHasOneWinner() async throws {
    let mount = try MemoryMount()
    defer { mount.end() }
    try mount.expect("mounted")
    let path = mount.path("new")
    let executor = BlockingExecutor(name: "creator", maximumThreads: 16)
    let winners = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 {
        group.addTask(executorPreference: executor) {
          let options: FileDescriptor.OpenOptions = [.create, .exclusiveCreate]
          return (try? OwnedDescriptor(opening: path, .writeOnly, options: options)) != nil
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    executor.shutdown()
    #expect(winners == 1)
    #expect(try mount.stop() == ["unmounted"])
  }

  @Test func mknodMakesFilesOfAllKinds() throws {
    try withMemoryMount { mount in
      #expect(unsafe mknod(mount.path("file").string, S_IFREG | 0o600, 0) == 0)
      let mode = try FileTree.status(of: mount.path("file")).mode
      #expect(mode == S_IFREG | 0o600)
      for kind in [S_IFIFO, S_IFSOCK, S_IFBLK, S_IFCHR] {
        let path = mount.path("\(kind)")
        // Major and minor numbers that need all the bits that the kernel has for them.
        let device: dev_t = kind == S_IFBLK || kind == S_IFCHR ? 0xFED_0012 : 0
        #expect(unsafe mknod(path.string, kind | 0o640, device) == 0)
        var status = stat()
        #expect(unsafe stat(path.string, &status) == 0)
        #expect(status.st_mode == kind | 0o640)
        #expect(status.st_rdev == device)
      }
      #expect(unsafe link(mount.path("file").string, mount.path("link").string) == 0)
      #expect(try FileTree.status(of: mount.path("link")).mode == S_IFREG | 0o600)
    }
  }
}
