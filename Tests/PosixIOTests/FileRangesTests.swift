import Glibc
import PosixIO
import SystemPackage
import Testing

@Suite struct FileRangesTests {
  private func withFiles(
    _ body: (borrowing OwnedDescriptor, borrowing OwnedDescriptor) throws -> Void
  ) throws {
    try withTemporaryDirectory { directory in
      let one = try OwnedDescriptor(
        opening: directory.appending("one"), .readWrite, options: .create)
      let other = try OwnedDescriptor(
        opening: directory.appending("other"), .readWrite, options: .create)
      try body(one, other)
    }
  }

  @Test func aCopyHasTheHolesOfItsSource() throws {
    try withFiles { source, target in
      let bytes = [UInt8](repeating: 7, count: 64 << 10)
      try source.write(bytes, at: 1 << 20)
      try source.truncate(to: 3 << 20)
      try target.write([UInt8](repeating: 9, count: 2 << 20), at: 0)
      try target.copy(0..<3 << 20, of: source, to: 4096)
      let size = (3 << 20) + 4096
      #expect(try target.status().size == size)
      let copy = try target.read(count: size, at: 0)
      #expect(Array(copy[4096...]) == (try source.read(count: 3 << 20, at: 0)))
      #expect(copy[..<4096].allSatisfy { $0 == 9 })
      #expect(try target.status().allocatedSize < 1 << 20)
    }
  }

  @Test func aCopyGoesToAnyOffset() throws {
    try withFiles { source, target in
      let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try source.write(bytes, at: 0)
      try target.write([1, 2, 3], at: 0)
      try target.copy(100_001..<200_002, of: source, to: 3)
      #expect(
        try target.read(count: 400_000, at: 0) == [1, 2, 3] + Array(bytes[100_001..<200_002]))
    }
  }

  @Test func clearedBytesAreZerosAndTheSizeStays() throws {
    try withFiles { file, _ in
      try file.write([UInt8](repeating: 7, count: 1 << 20), at: 0)
      try file.clear(5..<(1 << 20) - 5)
      #expect(try file.read(count: 10, at: 0) == [7, 7, 7, 7, 7, 0, 0, 0, 0, 0])
      #expect(try file.status().size == 1 << 20)
      #expect(try file.status().allocatedSize <= 16 << 10)
    }
  }

  @Test func reservedSpaceIsTakenAndReadsAsBefore() throws {
    try withFiles { file, _ in
      try file.write([1], at: 0)
      try file.truncate(to: 1 << 20)
      try file.reserveSpace(0..<2 << 20)
      #expect(try file.status().size == 1 << 20)
      #expect(try file.status().allocatedSize >= 2 << 20)
      #expect(try file.read(count: 2, at: 0) == [1, 0])
    }
  }

  @Test func dataAndHolesAreFound() throws {
    try withFiles { file, _ in
      try file.write([1], at: 1 << 20)
      try file.truncate(to: 2 << 20)
      #expect(try file.nextData(from: 0) == 1 << 20)
      #expect(try file.nextHole(from: 0) == 0)
      #expect(try file.nextHole(from: 1 << 20) ?? 0 > 1 << 20)
      #expect(try file.nextData(from: (1 << 20) + (64 << 10)) == nil)
      #expect(try file.nextHole(from: 2 << 20) == nil)
    }
  }
}
