import Glibc
package import SystemPackage

extension FileTree {
  /// The names in a directory, in no order, without "." and "..".
  ///
  /// A name that is not UTF-8 comes with U+FFFD in place of the bad bytes, so it can be reported
  /// but names no file.
  package static func names(in path: FilePath) throws(Errno) -> [String] {
    try unsafe listing(of: path) { unsafe String(cString: $0) }
  }

  /// Removes a file, or a directory with everything in it; follows no symbolic link. Fine when
  /// there is nothing.
  package static func removeTree(_ path: FilePath) throws(Errno) {
    do throws(Errno) {
      guard try linkStatus(of: path).isDirectory else { return try unlink(path) }
      let names = try unsafe listing(of: path) { unsafe FilePath.Component(platformString: $0) }
      for case let name? in names { try removeTree(path.appending(name)) }
      try removeDirectory(path)
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
    }
  }

  private static func listing<Name>(
    of path: FilePath, _ name: (UnsafePointer<CChar>) -> Name
  ) throws(Errno) -> [Name] {
    guard let stream = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
      throw Errno(rawValue: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [Name] = []
    while true {
      errno = 0  // readdir(3): the only way to tell the end from a failure.
      guard let entry = unsafe readdir(stream) else { break }
      let bytes = unsafe UnsafeRawPointer(entry)
        .advanced(by: MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
        .assumingMemoryBound(to: CChar.self)
      if unsafe strcmp(bytes, ".") == 0 || strcmp(bytes, "..") == 0 { continue }
      unsafe names.append(name(bytes))
    }
    if errno != 0 { throw Errno(rawValue: errno) }
    return names
  }
}
