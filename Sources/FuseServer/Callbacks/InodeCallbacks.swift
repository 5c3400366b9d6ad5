import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine
import SystemPackage

/// Inode numbers are rows of the catalog: there is nothing to count and nothing to free.
func onForget(_ request: fuse_req_t?, _ inode: fuse_ino_t, _ count: UInt64) {
  unsafe FuseRequest(request, "forget").answerNothing()
}

func onForgetMulti(
  _ request: fuse_req_t?, _ count: Int, _ inodes: UnsafeMutablePointer<fuse_forget_data>?
) {
  unsafe FuseRequest(request, "forget").answerNothing()
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

/// The kernel asks for `security.capability` before every write, and for access control lists with
/// many a lookup; nobody here has either. Not `ENOSYS`, which would end all getxattr requests.
func onGetxattr(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ size: Int
) {
  let name = unsafe KernelText(name)
  let request = unsafe FuseRequest(request, "getxattr")
  if let error = name.absentAttribute { return request.answer(.failure(error)) }
  request.serve { files throws(FileSystemError) in
    .extendedAttribute(
      try await files.extendedAttribute(name.string("getxattr"), of: InodeNumber(inode)),
      limit: size)
  }
}

extension KernelText {
  fileprivate var absentAttribute: FileSystemError? {
    if hasPrefix("security.") {
      return FileSystemError(Errno(rawValue: ENODATA), "getxattr", "no security attributes")
    }
    if hasPrefix("system.") {
      return FileSystemError(Errno(rawValue: EOPNOTSUPP), "getxattr", "no system attributes")
    }
    return nil
  }
}

/// Lists none: those there are describe the mount and must not be copied with a file.
func onListxattr(_ request: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int) {
  unsafe FuseRequest(request, "listxattr").answer(.extendedAttribute([], limit: size))
}
