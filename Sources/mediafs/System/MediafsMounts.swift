import PosixIO
import SystemPackage

extension MountTable {
  static let ownType = "fuse.mediafs"

  /// The mediafs mounts of this machine.
  static func ofMediafs() throws(Failure) -> MountTable {
    do throws(Errno) {
      return try current().ofMediafs
    } catch {
      throw Failure(.failure, "cannot read /proc/self/mountinfo: \(error)")
    }
  }

  var ofMediafs: MountTable {
    MountTable(entries.filter { $0.type.utf8.elementsEqual(Self.ownType.utf8) })
  }

  /// The innermost mount that holds `path`, and the path within it; "" is the mount itself.
  ///
  /// - Parameter path: absolute, without `.` and `..`.
  func mount(holding path: String) -> (entry: Entry, relative: String)? {
    let holding = entries.compactMap { entry -> (entry: Entry, relative: String)? in
      guard let rest = Self.relative(path, to: entry.mountpoint) else { return nil }
      return (entry, rest)
    }
    return holding.max { $0.entry.mountpoint.utf8.count < $1.entry.mountpoint.utf8.count }
  }

  private static func relative(_ path: String, to directory: String) -> String? {
    if path.utf8.elementsEqual(directory.utf8) { return "" }
    let head = directory == "/" ? "/" : directory + "/"
    guard path.utf8.starts(with: head.utf8) else { return nil }
    return String(Substring(path.utf8.dropFirst(head.utf8.count)))
  }
}
