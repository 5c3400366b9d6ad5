import MediaFSTesting
import PosixIO
import SystemPackage

extension TemporaryDirectory {
  /// Writes a file and returns its path.
  func write(_ name: String, _ text: String, permissions: FilePermissions) throws -> String {
    let file = try OwnedDescriptor(
      opening: FilePath("\(path)/\(name)"), .writeOnly, options: .create, permissions: permissions)
    try file.setPermissions(permissions)
    try file.write(Array(text.utf8), at: 0)
    return "\(path)/\(name)"
  }
}

/// The lower 12 mode bits of a name.
func permissions(of path: String) throws(Errno) -> UInt32 {
  try FileTree.linkStatus(of: FilePath(path)).mode & 0o7777
}
