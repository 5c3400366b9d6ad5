import Glibc
import PosixIO
import SystemPackage
import Testing

/// A directory for the time of one test.
func withTemporaryDirectory(_ body: (FilePath) throws -> Void) throws {
  var template = Array("/tmp/posixio.XXXXXX".utf8CString)
  guard let name = unsafe mkdtemp(&template) else { throw Errno(rawValue: errno) }
  let path = unsafe FilePath(platformString: name)
  defer { try? FileTree.removeTree(path) }
  try body(path)
}

@Suite struct DescriptorTests {
  private func create(_ path: FilePath) throws -> OwnedDescriptor {
    try OwnedDescriptor(opening: path, .readWrite, options: [.create, .exclusiveCreate])
  }

  @Test func readsEndWithTheFile() throws {
    try withTemporaryDirectory { directory in
      let file = try create(directory.appending("file"))
      try file.write([1, 2, 3, 4], at: 2)
      #expect(try file.read(count: 100, at: 1) == [0, 1, 2, 3, 4])
      #expect(try file.read(count: 3, at: 0) == [0, 0, 1])
      #expect(try file.read(count: 3, at: 100).isEmpty)
      try file.truncate(to: 3)
      #expect(try file.status().size == 3)
      try file.synchronizeData()
      try file.synchronize()
    }
  }

  @Test func failuresAreErrnos() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending("file")
      _ = try create(path)
      #expect(throws: Errno.fileExists) { _ = try create(path) }
      let file = try OwnedDescriptor(opening: path, .readOnly)
      #expect(throws: Errno.badFileDescriptor) { try file.write([1], at: 0) }
      #expect(throws: Errno.noSuchFileOrDirectory) {
        _ = try OwnedDescriptor(opening: directory.appending("none"), .readOnly)
      }
    }
  }

  @Test func descriptorsAreClosedWithTheirLastOwner() throws {
    try withTemporaryDirectory { directory in
      let directory = try OwnedDescriptor(opening: directory, .readOnly, options: .directory)
      var shared: SharedDescriptor? = SharedDescriptor(
        try OwnedDescriptor(opening: "file", in: directory, .readWrite, options: .create))
      let number = try #require(shared).number
      #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
      let second = shared
      shared = nil
      #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
      try second?.write([1], at: 0)
    }
  }

  @Test func holesTakeNoSpace() throws {
    try withTemporaryDirectory { directory in
      let file = try create(directory.appending("file"))
      let unit: Int64 = 1 << 16
      try file.write([UInt8](repeating: 7, count: Int(unit) * 3), at: 0)
      try file.truncate(to: unit * 10)
      try file.write([8], at: unit * 8)
      let before = try file.status().allocatedSize
      try file.punchHole(unit..<unit * 2)
      #expect(try file.status().size == unit * 10)
      #expect(try file.status().allocatedSize == before - unit)
      #expect(try file.read(count: 1, at: unit) == [0])
      #expect(try file.read(count: 1, at: unit * 2) == [7])
      let extents = try file.dataExtents(in: 0..<unit * 10)
      #expect(extents.map(\.lowerBound) == [0, unit * 2, unit * 8])
      #expect(
        try file.dataExtents(in: unit * 2 + 5..<unit * 2 + 9) == [unit * 2 + 5..<unit * 2 + 9])
      #expect(try file.dataExtents(in: unit * 4..<unit * 7).isEmpty)
      #expect(try file.dataExtents(in: unit * 9..<unit * 12).isEmpty)
    }
  }

  @Test func reflinkSharesOrSaysThatItCannot() throws {
    try withTemporaryDirectory { directory in
      let source = try create(directory.appending("a"))
      try source.write([1, 2, 3], at: 0)
      let copy = try create(directory.appending("b"))
      do throws(Errno) {
        try copy.reflink(from: source)
        #expect(try copy.read(count: 10, at: 0) == [1, 2, 3])
      } catch {
        #expect([.notSupportedOnSocket, .invalidArgument, .noFunction].contains(error))
      }
    }
  }

  @Test func aLockHasOneHolder() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending("lock")
      let second = try create(path)
      do {
        let first = try OwnedDescriptor(opening: path, .readOnly)
        #expect(try first.tryLock())
        #expect(try second.tryLock() == false)
      }
      #expect(try second.tryLock())
    }
  }

  @Test func timesAreInNanoseconds() throws {
    try withTemporaryDirectory { directory in
      let file = try create(directory.appending("file"))
      try file.setTimes(accessed: 1_000_000_001, modified: -1)
      #expect(try file.status().accessed == 1_000_000_001)
      #expect(try file.status().modified == -1)
      try file.setTimes(accessed: nil, modified: 7)
      #expect(try file.status().accessed == 1_000_000_001)
      #expect(try file.status().modified == 7)
    }
  }
}
