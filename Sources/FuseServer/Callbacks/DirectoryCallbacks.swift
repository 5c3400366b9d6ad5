import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine

func onOpendir(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  unsafe FuseRequest(request, "opendir").serve { files throws(FileSystemError) in
    .openedDirectory(try await files.openDirectory(InodeNumber(inode)))
  }
}

func onReaddir(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "readdir").serveNow { files throws(FileSystemError) in
    var buffer = DirectoryBuffer(capacity: size, hasAttributes: false)
    try files.readDirectory(handle, after: Int64(offset)) { buffer.append($0) }
    return .bytes(buffer.bytes)
  }
}

func onReaddirplus(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "readdirplus").serveNow { files throws(FileSystemError) in
    var buffer = DirectoryBuffer(capacity: size, hasAttributes: true)
    try files.readDirectory(handle, after: Int64(offset)) { buffer.append($0) }
    return .entries(buffer.bytes, buffer.inodes)
  }
}

func onFsyncdir(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ dataOnly: CInt,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "fsyncdir").serve { files throws(FileSystemError) in
    try await files.synchronizeDirectory(handle)
    return .done
  }
}

func onReleasedir(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "releasedir").serveNow { files throws(FileSystemError) in
    files.releaseDirectory(handle)
    return .done
  }
}
