import CFuse3
import Glibc
import MediaFSCore
import MediaFSEngine
import SystemPackage

/// Never `ENOSYS`, which would end all requests of the kind: the kernel asks for
/// `security.capability` before every write, and for access control lists with many a lookup.
func onGetxattr(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ size: Int
) {
  let name = unsafe KernelText(name)
  unsafe FuseRequest(request, "getxattr").serve { files throws(FileSystemError) in
    .extendedAttribute(
      try await files.extendedAttribute(name.string("getxattr"), of: InodeNumber(inode)),
      limit: size)
  }
}

func onSetxattr(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?,
  _ value: UnsafePointer<CChar>?, _ size: Int, _ flags: CInt
) {
  let name = unsafe KernelText(name)
  let value = unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: size))
  let request = unsafe FuseRequest(request, "setxattr")
  // The kernel says so only to a newer libfuse than there is (FUSE_SETXATTR_ACL_KILL_SGID).
  let groups = name.isAccessList ? request.groupsWithoutPrivilege : nil
  request.serve { files throws(FileSystemError) in
    let inode = InodeNumber(inode)
    try await files.setExtendedAttribute(
      name.string("setxattr"), of: inode, to: value, AttributeSetting(flags: flags))
    if let groups { try await dropSetGroup(of: inode, unlessIn: groups, files) }
    return .done
  }
}

/// Who may write the list but is not in the file's group gives nobody that group by it: the setgid
/// bit goes, as with chmod(2).
private func dropSetGroup(
  of inode: InodeNumber, unlessIn groups: Set<UInt32>, _ files: any FileSystem
) async throws(FileSystemError) {
  let attributes = try await files.attributes(of: inode, handle: nil).attributes
  guard attributes.permissions & S_ISGID != 0, !groups.contains(attributes.owner.group) else {
    return
  }
  _ = try await files.setAttributes(
    of: inode, AttributeChanges(permissions: attributes.permissions & ~S_ISGID), handle: nil)
}

func onListxattr(_ request: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int) {
  let request = unsafe FuseRequest(request, "listxattr")
  // xattr(7): others do not even see the names.
  let seesTrusted = request.caller.owner.user == 0
  request.serve { files throws(FileSystemError) in
    let names = try await files.extendedAttributes(of: InodeNumber(inode))
    var list: [UInt8] = []
    for name in names where seesTrusted || !name.utf8.starts(with: "trusted.".utf8) {
      list += Array(name.utf8) + [0]
    }
    return .extendedAttribute(list, limit: size)
  }
}

func onRemovexattr(
  _ request: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?
) {
  let name = unsafe KernelText(name)
  unsafe FuseRequest(request, "removexattr").serve { files throws(FileSystemError) in
    try await files.removeExtendedAttribute(
      name.string("removexattr"), of: InodeNumber(inode))
    return .done
  }
}

extension KernelText {
  fileprivate var isAccessList: Bool {
    guard let text = try? string("setxattr") else { return false }
    return AttributeName(text) == .accessList
  }
}

extension AttributeSetting {
  /// The flags of setxattr(2).
  fileprivate init(flags: CInt) throws(FileSystemError) {
    switch flags {
    case 0: self = .createOrReplace
    case 1: self = .create
    case 2: self = .replace
    default: throw FileSystemError(.invalidArgument, "setxattr", "flags \(flags) mean nothing")
    }
  }
}

extension FuseRequest {
  /// The groups of a caller who is not root; `nil` for root.
  fileprivate var groupsWithoutPrivilege: Set<UInt32>? {
    let owner = caller.owner
    return owner.user == 0 ? nil : groups.union([owner.group])
  }
}
