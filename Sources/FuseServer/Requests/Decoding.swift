import CFuse3
import CLinux
import Glibc
import MediaFSCore
import MediaFSEngine
import ObjectStorage
import SystemPackage

extension InodeNumber {
  init(_ number: fuse_ino_t) {
    self.init(Int64(bitPattern: number))
  }
}

extension FileHandle {
  /// `nil` when the kernel names no open file.
  init?(_ file: UnsafeMutablePointer<fuse_file_info>?) {
    guard let file = unsafe file else { return nil }
    unsafe self.init(file.pointee.fh)
  }

  /// Of an operation that always has one; 0 is a handle that no filesystem gives.
  init(of file: UnsafeMutablePointer<fuse_file_info>?) {
    unsafe self = FileHandle(file) ?? FileHandle(0)
  }
}

/// A string of the kernel: bytes that need not be UTF-8, which a key must be.
struct KernelText: Sendable {
  private let text: String?

  init(_ bytes: UnsafePointer<CChar>?) {
    guard let bytes = unsafe bytes else {
      text = nil
      return
    }
    text = unsafe String(validatingCString: bytes)
  }

  /// `EILSEQ` when it is not UTF-8.
  func string(_ operation: String) throws(FileSystemError) -> String {
    guard let text else {
      throw FileSystemError(Errno(rawValue: EILSEQ), operation, "the name is not UTF-8")
    }
    return text
  }

  /// `ENAMETOOLONG` as well, when it is over 255 bytes.
  func name(_ operation: String) throws(FileSystemError) -> FileName {
    let text = try string(operation)
    if let name = FileName(text) { return name }
    if text.utf8.count > FileName.maximumLength {
      throw FileSystemError(.fileNameTooLong, operation, "the name is over 255 bytes")
    }
    throw FileSystemError(.invalidArgument, operation, "\(text.debugDescription) is no name")
  }

  func hasPrefix(_ prefix: StaticString) -> Bool {
    text.map { $0.utf8.starts(with: prefix.description.utf8) } ?? false
  }

  var isText: Bool { text != nil }

  /// The name of a file that shall have none (``SessionIO``).
  var isNone: Bool { text.map { $0.utf8.elementsEqual("/".utf8) } ?? false }

  /// What a kernel that finds an inode again for NFS asks for: the inode itself.
  var isSelf: Bool { text.map { $0.utf8.elementsEqual(".".utf8) } ?? false }

  /// The same for the directory above it.
  var isParent: Bool { text.map { $0.utf8.elementsEqual("..".utf8) } ?? false }
}

extension OpenFlags {
  init(_ file: UnsafeMutablePointer<fuse_file_info>?) {
    let flags = unsafe file?.pointee.flags ?? O_RDONLY
    self = []
    if flags & O_ACCMODE != O_WRONLY { insert(.read) }
    if flags & O_ACCMODE != O_RDONLY { insert(.write) }
    if flags & O_APPEND != 0 { insert(.append) }
    if flags & O_TRUNC != 0 { insert(.truncate) }
    if flags & O_EXCL != 0 { insert(.exclusive) }
    if flags & linux_o_noatime != 0 { insert(.noAccessTime) }
    if flags & linux_o_direct != 0 { insert(.direct) }
  }
}

extension OpenFlags {
  /// The kernel clears setuid and setgid by a SETATTR, which it does not send for `O_TRUNC` when
  /// that goes along with the OPEN.
  func of(_ caller: Caller) -> OpenFlags {
    contains(.truncate) && caller.owner.user != 0 ? union(.clearsPrivileges) : self
  }
}

extension RenameMode {
  /// The flags of renameat2(2).
  init(flags: UInt32) throws(FileSystemError) {
    switch flags {
    case 0: self = .replace
    case 1: self = .noReplace
    case 2: self = .exchange
    default: throw FileSystemError(.invalidArgument, "rename", "flags \(flags) are not supported")
    }
  }
}

extension AttributeChanges {
  /// - Parameter mask: `FUSE_SET_ATTR_*`; a time to be set to now has both of its bits.
  init(_ mask: CInt, _ values: UnsafeMutablePointer<stat>?) {
    self.init()
    guard let values = unsafe values?.pointee else { return }
    func has(_ bit: CInt) -> Bool { mask & bit != 0 }
    if has(FUSE_SET_ATTR_MODE) { permissions = values.st_mode & 0o7777 }
    if has(FUSE_SET_ATTR_UID) { user = values.st_uid }
    if has(FUSE_SET_ATTR_GID) { group = values.st_gid }
    if has(FUSE_SET_ATTR_SIZE) { size = Int64(values.st_size) }
    if has(FUSE_SET_ATTR_ATIME) { accessed = .at(Timestamp(values.st_atim)) }
    if has(FUSE_SET_ATTR_ATIME_NOW) { accessed = .now }
    if has(FUSE_SET_ATTR_MTIME) { modified = .at(Timestamp(values.st_mtim)) }
    if has(FUSE_SET_ATTR_MTIME_NOW) { modified = .now }
  }
}
