import Glibc
import PosixIO
import SystemPackage

/// A file that has no name in the store yet; removed at the end of its scope unless it was moved.
///
/// Its descriptor holds a lock while it lives, by which ``sweep(_:)`` tells the files of a daemon
/// that died from those of one that is at work.
struct StoreTemporary: ~Copyable {
  static let directory = [StoreNames.privateDirectory, Array("temporary".utf8)]

  private let root: StoreFile
  let path: StorePath
  let file: StoreFile
  /// Of the file, in bytes.
  private(set) var length: Int64 = 0
  private var isMoved = false

  init(_ root: StoreFile, name: String) throws(Errno) {
    let path = Self.directory + [Array(name.utf8)]
    let file = try root.open(path, O_RDWR | O_CREAT | O_EXCL)
    try file.lock()
    self.root = root
    self.path = path
    self.file = file
  }

  deinit {
    // What cannot be removed now is swept at the next start.
    if !isMoved { try? root.remove(path) }
  }

  mutating func append(_ bytes: [UInt8]) throws(Errno) {
    try file.write(bytes, at: length)
    length += Int64(bytes.count)
  }

  /// renameat(2). The caller has synchronized what must survive.
  mutating func move(to target: StorePath) throws(Errno) {
    try root.rename(path, to: target)
    isMoved = true
  }

  /// Removes what a daemon left behind that was killed.
  static func sweep(_ root: StoreFile) throws(Errno) {
    var names: [[UInt8]] = []
    try root.forEachName(in: directory) { name throws(Errno) in names.append(name.bytes) }
    for name in names {
      do throws(Errno) {
        let file = try root.open(directory + [name], O_RDWR)
        if try file.tryLock() { try root.remove(directory + [name]) }
      } catch {
        guard error.isMissingFile else { throw error }
      }
    }
  }
}
