import CLinux
package import SystemPackage

extension Descriptor where Self: ~Copyable {
  /// The value of an extended attribute; `nil` when the file has none of this name. fgetxattr(2)
  package func extendedAttribute(_ name: String) throws(Errno) -> [UInt8]? {
    // The longest value that Linux has, XATTR_SIZE_MAX.
    var value = [UInt8](repeating: 0, count: 64 << 10)
    do throws(Errno) {
      let length = try withNumber { number throws(Errno) in
        try retrying {
          unsafe value.withUnsafeMutableBytes {
            unsafe fgetxattr(number, name, $0.baseAddress, UInt($0.count))
          }
        }
      }
      return Array(value.prefix(length))
    } catch {
      guard error == .noData else { throw error }
      return nil
    }
  }

  /// Sets an extended attribute, in place of what it was. fsetxattr(2)
  package func setExtendedAttribute(_ name: String, _ value: [UInt8]) throws(Errno) {
    try withNumber { number throws(Errno) in
      _ = try retrying {
        unsafe value.withUnsafeBytes {
          unsafe fsetxattr(number, name, $0.baseAddress, UInt($0.count), 0)
        }
      }
    }
  }

  /// fremovexattr(2)
  package func removeExtendedAttribute(_ name: String) throws(Errno) {
    try withNumber { number throws(Errno) in
      _ = try retrying { unsafe fremovexattr(number, name) }
    }
  }
}

extension FileTree {
  /// The same without opening the file, which of a directory may ask for what is in it.
  /// getxattr(2)
  package static func extendedAttribute(
    _ name: String, of path: FilePath
  ) throws(Errno) -> [UInt8]? {
    // The longest value that Linux has, XATTR_SIZE_MAX.
    var value = [UInt8](repeating: 0, count: 64 << 10)
    do throws(Errno) {
      let length = try retrying {
        unsafe path.withPlatformString { path in
          unsafe value.withUnsafeMutableBytes {
            unsafe getxattr(path, name, $0.baseAddress, UInt($0.count))
          }
        }
      }
      return Array(value.prefix(length))
    } catch {
      guard error == .noData else { throw error }
      return nil
    }
  }
}
