import CLinux
import Glibc
import MediaFSTesting
import PosixIO
import SystemPackage
import Testing

extension MountTests {
  /// What programs do with ranges of files, on the real mount.
  @Suite struct FileRanges {
    private static func open(_ path: String, _ flags: CInt, _ mode: mode_t = 0o644) throws
      -> OwnedDescriptor
    {
      let number = unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
      guard number >= 0 else { throw Errno(rawValue: errno) }
      return OwnedDescriptor(adopting: number)
    }

    private static func fallocate(
      _ file: borrowing OwnedDescriptor, _ mode: CInt, _ range: Range<Int>
    ) throws {
      guard CLinux.fallocate(file.number, mode, range.lowerBound, range.count) == 0 else {
        throw Errno(rawValue: errno)
      }
    }

    @Test func holesZerosAndSeeks() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let path = mount.directory + "/f"
        let expected = stage.path("expected")
        try makeFile(
          expected,
          [UInt8](repeating: 7, count: 256 << 10) + [UInt8](repeating: 0, count: 256 << 10)
            + [UInt8](repeating: 7, count: 512 << 10) + [UInt8](repeating: 0, count: 1 << 20))
        try makeFile(path, [UInt8](repeating: 7, count: 1 << 20))
        try changeRanges(of: path)
        try succeed(["cmp", expected, path])
        try mount.flush()
        #expect(try stage.bucket.head("media/f")["size"]?.int == 2 << 20)
        try mount.unmount()
        let fresh = try stage.mount(cache: "another cache")
        try succeed(["cmp", expected, fresh.directory + "/f"])
        try fresh.unmount()
      }
    }

    /// Of a file of 1 MiB; makes it 2 MiB long.
    private func changeRanges(of path: String) throws {
      let file = try Self.open(path, O_RDWR)
      let keepSize = FALLOC_FL_KEEP_SIZE
      try Self.fallocate(file, FALLOC_FL_PUNCH_HOLE | keepSize, 256 << 10..<512 << 10)
      try Self.fallocate(file, FALLOC_FL_ZERO_RANGE, 1 << 20..<(1 << 20) + 10)
      #expect(try file.nextHole(from: 0) == 256 << 10)
      #expect(try file.nextData(from: 256 << 10) == 512 << 10)
      #expect(try file.nextData(from: 2 << 20) == nil)
      try Self.fallocate(file, keepSize, 0..<2 << 20)
      #expect(try file.status().size == (1 << 20) + 10)
      try Self.fallocate(file, 0, 0..<2 << 20)
      #expect(try file.status().size == 2 << 20)
      #expect(throws: Errno.notSupported) {
        try Self.fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0..<4096)
      }
    }

    private func makeFile(_ path: String, _ bytes: [UInt8]) throws {
      try Self.open(path, O_RDWR | O_CREAT).write(bytes, at: 0)
    }

    @Test func aFileWithoutNameIsGoneWithItsDescriptor() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        do {
          let file = try Self.open(mount.directory, linux_o_tmpfile | O_RDWR, 0o600)
          try file.write([1, 2, 3], at: 0)
          #expect(try file.read(count: 10, at: 0) == [1, 2, 3])
          #expect(try file.status().linkCount == 0)
          #expect(try file.status().mode & 0o777 == 0o600)
          #expect(try succeed(["ls", "-A", mount.directory]) == "")
        }
        try mount.flush()
        #expect(try stage.bucket.keys() == [])
        try mount.unmount()
      }
    }

    @Test func directWritesAndReadsPassThePageCacheBy() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let source = stage.path("source")
        try makeRandomFile(at: source, size: 5 << 20)
        let path = mount.directory + "/f"
        try succeed(["dd", "if=\(source)", "of=\(path)", "bs=1M", "oflag=direct"])
        try succeed(["cmp", source, path])
        let back = stage.path("back")
        try succeed(["dd", "if=\(path)", "of=\(back)", "bs=128k", "iflag=direct"])
        try succeed(["cmp", source, back])
        try mount.unmount(drains: true)
        let fresh = try stage.mount(cache: "another cache")
        try succeed(["dd", "if=\(fresh.directory)/f", "of=\(back)", "bs=1M", "iflag=direct"])
        try succeed(["cmp", source, back])
        try fresh.unmount()
      }
    }

    @Test func pagesOfASharedMappingReachTheObject() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let length = 300_000
        try writeThroughMapping(mount.directory + "/f", length)
        var expected = [UInt8](repeating: 0, count: length)
        for offset in stride(from: 0, to: length, by: 5_000) {
          expected[offset] = UInt8(truncatingIfNeeded: offset)
        }
        try makeFile(stage.path("expected"), expected)
        try mount.unmount(drains: true)
        let fresh = try stage.mount(cache: "another cache")
        try succeed(["cmp", stage.path("expected"), fresh.directory + "/f"])
        try fresh.unmount()
      }
    }

    /// A byte in every 5,000, through a descriptor that appends: pages go where they lie.
    private func writeThroughMapping(_ path: String, _ length: Int) throws {
      let file = try Self.open(path, O_RDWR | O_CREAT | O_APPEND)
      try file.truncate(to: Int64(length))
      let mapping = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0)
      guard let bytes = unsafe mapping, unsafe bytes != MAP_FAILED else {
        throw Errno(rawValue: errno)
      }
      for offset in stride(from: 0, to: length, by: 5_000) {
        let byte = UInt8(truncatingIfNeeded: offset)
        unsafe bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      let results = unsafe [msync(bytes, length, MS_SYNC), munmap(bytes, length)]
      #expect(results == [0, 0])
      #expect(try file.status().size == Int64(length))
    }

    @Test func cpOfWhatTheStoreHasMovesNoBytes() throws {
      try Stage.play { stage in
        let proxy = try S3Proxy(to: stage.bucket.access)
        let source = stage.path("source")
        try makeRandomFile(at: source, size: 20 << 20)
        let first = try stage.mount(through: proxy.access)
        try succeed(["cp", source, first.directory + "/a"])
        try first.flush()
        try proxy.clear()
        try succeed(["cp", first.directory + "/a", first.directory + "/b"])
        try first.unmount(drains: true)
        // Nothing is here: the store copies while cp(1) waits.
        let second = try stage.mount(
          cache: "another cache", through: proxy.access, options: ["upload.delay": "5s"])
        try succeed(["cp", second.directory + "/a", second.directory + "/c"])
        try second.flush()
        let requests = try proxy.requests()
        #expect(requests.reduce(0) { $0 + $1.received } < 1 << 20)
        #expect(requests.reduce(0) { $0 + $1.sent } < 1 << 20)
        try succeed(["cmp", source, second.directory + "/b"])
        try succeed(["cmp", source, second.directory + "/c"])
        #expect(
          try Set(stage.bucket.keys()) == ["media/a", "media/b", "media/c"])
        try second.unmount()
      }
    }
  }
}
