import CFuse3
import Glibc
import Logging
import MediaFSCore
import MediaFSEngine
import SystemPackage

/// The answer to a request.
enum Reply: Sendable {
  case done
  case entry(Entry)
  case attributes(AttributeReply)
  case text(String)
  case bytes([UInt8])
  /// READDIRPLUS: entries, and the inodes that the kernel gets to know with them.
  case entries([UInt8], [InodeNumber])
  case written(Int)
  case position(Int64)
  case opened(OpenReply)
  case openedDirectory(OpenDirectoryReply)
  case created(Entry, OpenReply)
  case statistics(FileSystemStatistics)
  /// A value of which the caller takes `limit` bytes; 0 asks for its length.
  case extendedAttribute([UInt8], limit: Int)
  case failure(FileSystemError)

  /// Sends it; 0, or the negated errno of libfuse. The request is gone afterwards.
  func send(to request: fuse_req_t) -> CInt {
    switch self {
    case .done: return unsafe fuse_reply_err(request, 0)
    case .entry(let entry):
      var parameters = fuse_entry_param(entry)
      return unsafe fuse_reply_entry(request, &parameters)
    case .attributes(let reply):
      var status = stat(reply.attributes)
      return unsafe fuse_reply_attr(request, &status, reply.timeout.inSeconds)
    case .text(let text): return unsafe fuse_reply_readlink(request, text)
    case .bytes(let bytes), .entries(let bytes, _):
      return unsafe Self.send(bytes, to: request)
    case .written(let count): return unsafe fuse_reply_write(request, count)
    case .position(let offset): return unsafe fuse_reply_lseek(request, Int(offset))
    case .opened(let reply):
      var file = fuse_file_info(reply)
      return SessionIO.opening(reply.access) { unsafe fuse_reply_open(request, &file) }
    case .openedDirectory(let reply):
      var file = fuse_file_info(reply)
      return unsafe fuse_reply_open(request, &file)
    case .created(let entry, let reply):
      var parameters = fuse_entry_param(entry)
      var file = fuse_file_info(reply)
      return SessionIO.opening(reply.access) {
        unsafe fuse_reply_create(request, &parameters, &file)
      }
    case .statistics(let statistics):
      var disk = statvfs(statistics)
      return unsafe fuse_reply_statfs(request, &disk)
    case .extendedAttribute(let value, limit: 0):
      return unsafe fuse_reply_xattr(request, value.count)
    case .extendedAttribute(let value, let limit):
      if value.count > limit { return unsafe fuse_reply_err(request, ERANGE) }
      return unsafe Self.send(value, to: request)
    case .failure(let error): return unsafe fuse_reply_err(request, error.errno.rawValue)
    }
  }

  private static func send(_ bytes: [UInt8], to request: fuse_req_t) -> CInt {
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe fuse_reply_buf(
        request, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
    }
  }

  /// What the kernel knows from this answer on, until it forgets.
  var inodes: [InodeNumber] {
    switch self {
    case .entry(let entry), .created(let entry, _): [entry.attributes.inode]
    case .entries(_, let inodes): inodes
    case .done, .attributes, .text, .bytes, .written, .position, .opened, .openedDirectory,
      .statistics, .extendedAttribute, .failure:
      []
    }
  }

  /// Lets go of what was opened for a caller that will never know.
  func undo(in fileSystem: any FileSystem) {
    switch self {
    case .opened(let reply), .created(_, let reply): fileSystem.release(reply.handle)
    case .openedDirectory(let reply): fileSystem.releaseDirectory(reply.handle)
    case .done, .entry, .attributes, .text, .bytes, .entries, .written, .position, .statistics,
      .extendedAttribute, .failure:
      break
    }
  }

  /// Errors of the filesystem are logged here and nowhere below: loudly when they are not what an
  /// application provokes.
  func log(_ operation: StaticString, to log: Logger) {
    switch self {
    case .failure(let error):
      let level: Logger.Level = Self.expectedErrors.contains(error.errno.rawValue) ? .debug : .error
      log.log(level: level, "\(error)", metadata: ["operation": "\(operation)"])
    case .done, .entry, .attributes, .text, .bytes, .entries, .written, .position, .opened,
      .openedDirectory, .created, .statistics, .extendedAttribute:
      break
    }
  }

  /// What applications cause, and often mean to.
  private static let expectedErrors: Set<CInt> = [
    EACCES, EAGAIN, EEXIST, EFBIG, EILSEQ, EINTR, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENODATA,
    ENOENT, ENOTDIR, ENOTEMPTY, ENXIO, EOPNOTSUPP, EPERM, ERANGE, EROFS, EXDEV,
  ]
}
