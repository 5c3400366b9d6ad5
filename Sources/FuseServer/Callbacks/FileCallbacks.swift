import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine

func onOpen(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let request = unsafe FuseRequest(request, "open")
  let flags = unsafe OpenFlags(file).of(request.caller)
  request.serve { files throws(FileSystemError) in
    .opened(try await files.open(InodeNumber(inode), flags))
  }
}

func onCreate(
  _ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let name = unsafe KernelText(name)
  let request = unsafe FuseRequest(request, "create")
  let caller = request.caller
  let flags = unsafe OpenFlags(file).of(caller)
  request.serve { files throws(FileSystemError) in
    if name.isNone {
      let (entry, opened) = try await files.createTemporary(
        in: InodeNumber(parent), permissions: mode & 0o7777, caller: caller, flags)
      return .created(entry, opened)
    }
    let (entry, opened) = try await files.create(
      name.name("create"), in: InodeNumber(parent), permissions: mode & 0o7777, caller: caller,
      flags)
    return .created(entry, opened)
  }
}

func onRead(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "read").serve { files throws(FileSystemError) in
    .bytes(try await files.read(handle, at: Int64(offset), count: size))
  }
}

func onWrite(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ bytes: UnsafePointer<CChar>?, _ size: Int,
  _ offset: off_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: size)
  let isPage = unsafe file?.pointee.writepage == 1
  let appends = unsafe !isPage && (file?.pointee.flags ?? 0) & O_APPEND != 0
  unsafe FuseRequest(request, "write").serveNow { files throws(FileSystemError) in
    try unsafe files.write(handle, at: Int64(offset), buffer, appends: appends)
    return .written(size)
  }
}

func onFlush(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "flush").serve { files throws(FileSystemError) in
    try await files.flush(handle)
    return .done
  }
}

func onFsync(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ dataOnly: CInt,
  _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "fsync").serve { files throws(FileSystemError) in
    try await files.synchronize(handle, dataOnly: dataOnly != 0)
    return .done
  }
}

func onRelease(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(of: file)
  unsafe FuseRequest(request, "release").serveNow { files throws(FileSystemError) in
    files.release(handle)
    return .done
  }
}
