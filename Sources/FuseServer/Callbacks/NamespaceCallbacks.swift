import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine
import SystemPackage

func onLookup(_ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
  let name = unsafe KernelText(name)
  unsafe FuseRequest(request, "lookup").serve { files throws(FileSystemError) in
    if name.isSelf { return .entry(try await files.entry(of: InodeNumber(parent))) }
    if name.isParent { return .entry(try await files.parent(of: InodeNumber(parent))) }
    guard name.isText else {
      throw FileSystemError(.noSuchFileOrDirectory, "lookup", "No name is anything but UTF-8")
    }
    return .entry(try await files.lookup(name.name("lookup"), in: InodeNumber(parent)))
  }
}

func onReadlink(_ request: fuse_req_t?, _ inode: fuse_ino_t) {
  unsafe FuseRequest(request, "readlink").serve { files throws(FileSystemError) in
    .text(try await files.readSymbolicLink(InodeNumber(inode)))
  }
}

func onMkdir(
  _ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t
) {
  let name = unsafe KernelText(name)
  let request = unsafe FuseRequest(request, "mkdir")
  let caller = request.caller
  request.serve { files throws(FileSystemError) in
    .entry(
      try await files.makeDirectory(
        name.name("mkdir"), in: InodeNumber(parent), permissions: mode & 0o7777, caller: caller))
  }
}

func onSymlink(
  _ request: fuse_req_t?, _ target: UnsafePointer<CChar>?, _ parent: fuse_ino_t,
  _ name: UnsafePointer<CChar>?
) {
  let (name, target) = unsafe (KernelText(name), KernelText(target))
  let request = unsafe FuseRequest(request, "symlink")
  let caller = request.caller
  request.serve { files throws(FileSystemError) in
    .entry(
      try await files.makeSymbolicLink(
        name.name("symlink"), in: InodeNumber(parent), target: target.string("symlink"),
        caller: caller))
  }
}

func onMknod(
  _ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ mode: mode_t,
  _ device: dev_t
) {
  let name = unsafe KernelText(name)
  let request = unsafe FuseRequest(request, "mknod")
  let caller = request.caller
  request.serve { files throws(FileSystemError) in
    guard let kind = FileKind(mode: mode) else {
      throw FileSystemError(.invalidArgument, "mknod", "mode \(mode) is no kind of file")
    }
    return .entry(
      try await files.makeNode(
        name.name("mknod"), in: InodeNumber(parent), kind: kind, permissions: mode & 0o7777,
        device: UInt64(device), caller: caller))
  }
}

func onLink(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?
) {
  let name = unsafe KernelText(name)
  unsafe FuseRequest(request, "link").serve { files throws(FileSystemError) in
    .entry(
      try await files.link(
        InodeNumber(inode), to: name.name("link"), in: InodeNumber(parent)))
  }
}

func onUnlink(_ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
  let name = unsafe KernelText(name)
  unsafe FuseRequest(request, "unlink").serve { files throws(FileSystemError) in
    try await files.unlink(name.name("unlink"), in: InodeNumber(parent))
    return .done
  }
}

func onRmdir(_ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
  let name = unsafe KernelText(name)
  unsafe FuseRequest(request, "rmdir").serve { files throws(FileSystemError) in
    try await files.removeDirectory(name.name("rmdir"), in: InodeNumber(parent))
    return .done
  }
}

func onRename(
  _ request: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?,
  _ newParent: fuse_ino_t, _ newName: UnsafePointer<CChar>?, _ flags: UInt32
) {
  let (name, newName) = unsafe (KernelText(name), KernelText(newName))
  unsafe FuseRequest(request, "rename").serve { files throws(FileSystemError) in
    try await files.rename(
      name.name("rename"), in: InodeNumber(parent), to: newName.name("rename"),
      in: InodeNumber(newParent), mode: RenameMode(flags: flags))
    return .done
  }
}
