import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine
import SystemPackage

func onForget(_ request: fuse_req_t?, _ inode: fuse_ino_t, _ count: UInt64) {
  let request = unsafe FuseRequest(request, "forget")
  request.context.forget(InodeNumber(inode), count: count)
  request.answerNothing()
}

func onForgetMulti(
  _ request: fuse_req_t?, _ count: Int, _ inodes: UnsafeMutablePointer<fuse_forget_data>?
) {
  let request = unsafe FuseRequest(request, "forget")
  unsafe UnsafeBufferPointer(start: inodes, count: count).forEach { forgotten in
    request.context.forget(InodeNumber(forgotten.ino), count: forgotten.nlookup)
  }
  request.answerNothing()
}

func onGetattr(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(file)
  unsafe FuseRequest(request, "getattr").serve { files throws(FileSystemError) in
    .attributes(try await files.attributes(of: InodeNumber(inode), handle: handle))
  }
}

func onSetattr(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ values: UnsafeMutablePointer<stat>?,
  _ mask: CInt, _ file: UnsafeMutablePointer<fuse_file_info>?
) {
  let handle = unsafe FileHandle(file)
  let changes = unsafe AttributeChanges(mask, values)
  unsafe FuseRequest(request, "setattr").serve { files throws(FileSystemError) in
    .attributes(try await files.setAttributes(of: InodeNumber(inode), changes, handle: handle))
  }
}
