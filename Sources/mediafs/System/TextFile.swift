import PosixIO
import SystemPackage

/// Small text files of the administrator.
enum TextFile {
  /// Why a file was not read.
  enum Failure: Error, CustomStringConvertible {
    case system(Errno)
    case notRegular
    case tooLarge(limit: Int)
    case notUTF8

    var description: String {
      switch self {
      case .system(let errno): "\(errno)"
      case .notRegular: "it is not a file"
      case .tooLarge(let limit): "it is larger than \(SizeText.format(Int64(limit)))"
      case .notUTF8: "it is not UTF-8"
      }
    }
  }

  /// The text of a file, and what stat(2) says of it.
  static func read(
    _ path: String, limit: Int
  ) throws(Failure) -> (text: String, status: FileStatus) {
    let bytes: [UInt8]
    let status: FileStatus
    do throws(Errno) {
      // Without O_NONBLOCK a FIFO would hang the start.
      let file = try OwnedDescriptor(
        opening: FilePath(path), .readOnly, options: .nonBlocking)
      status = try file.status()
      bytes = status.isRegularFile ? try file.read(count: limit + 1, at: 0) : []
    } catch {
      throw .system(error)
    }
    guard status.isRegularFile else { throw .notRegular }
    guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    return (text, status)
  }
}

extension FileStatus {
  /// Somebody besides the owner may read it.
  var isReadableByOthers: Bool { mode & 0o044 != 0 }
}
