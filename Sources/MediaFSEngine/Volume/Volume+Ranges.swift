import MediaFSCore
import SystemPackage

extension Volume {
  package func allocate(
    _ handle: FileHandle, _ range: Range<Int64>, _ allocation: Allocation
  ) throws(FileSystemError) {
    throw FileSystemError(.notSupported, "fallocate", "not supported")
  }

  package func seek(
    _ handle: FileHandle, from offset: Int64, to target: SeekTarget
  ) throws(FileSystemError) -> Int64 {
    throw FileSystemError(.notSupported, "lseek", "not supported")
  }

  package func copyRange(
    from source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64,
    count: Int64
  ) async throws(FileSystemError) -> Int64 {
    throw FileSystemError(.notSupported, "copy_file_range", "not supported")
  }
}
