import CFuse3
import CLinux
import Glibc
import MediaFSCore
import MediaFSEngine
import SystemPackage

func onFallocate(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ mode: CInt, _ offset: off_t, _ length: off_t,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "fallocate").serveNow { files throws(FileSystemError) in
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard offset >= 0, length > 0 else {
      throw FileSystemError(.invalidArgument, "fallocate", "there is no such range")
    }
    guard !overflow else {
      throw FileSystemError(.fileTooLarge, "fallocate", "the range is out of bounds")
    }
    try files.allocate(handle, Int64(offset)..<Int64(end), Allocation(mode: mode))
    return .done
  }
}

func onLseek(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ offset: off_t, _ whence: CInt,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "lseek").serveNow { files throws(FileSystemError) in
    .position(try files.seek(handle, from: Int64(offset), to: SeekTarget(whence: whence)))
  }
}

func onCopyFileRange(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ offset: off_t,
  _ file: UnsafeMutablePointer<fuse_file_info>?, _ target: fuse_ino_t, _ targetOffset: off_t,
  _ targetFile: UnsafeMutablePointer<fuse_file_info>?, _ count: Int, _ flags: CInt
) {
  let (from, to) = unsafe (FileHandle(of: file), FileHandle(of: targetFile))
  unsafe FuseRequest(request, "copy_file_range").serve { files throws(FileSystemError) in
    // The answer has 32 bits.
    let count = min(Int64(count), Int64(UInt32.max))
    return .written(
      Int(
        try await files.copyRange(
          from: from, at: Int64(offset), to: to, at: Int64(targetOffset), count: count)))
  }
}

extension Allocation {
  /// - Parameter mode: of fallocate(2); `EOPNOTSUPP` for those that move bytes.
  init(mode: CInt) throws(FileSystemError) {
    let isKept = mode & FALLOC_FL_KEEP_SIZE != 0
    switch mode & ~FALLOC_FL_KEEP_SIZE {
    case 0: self = .reserve(keepingSize: isKept)
    case FALLOC_FL_PUNCH_HOLE where isKept: self = .punchHole
    case FALLOC_FL_ZERO_RANGE: self = .zero(keepingSize: isKept)
    default:
      throw FileSystemError(
        Errno(rawValue: EOPNOTSUPP), "fallocate", "mode \(mode) is not supported")
    }
  }
}

extension SeekTarget {
  init(whence: CInt) throws(FileSystemError) {
    switch whence {
    case linux_seek_data: self = .data
    case linux_seek_hole: self = .hole
    default:
      throw FileSystemError(.invalidArgument, "lseek", "whence \(whence) is not for us")
    }
  }
}
