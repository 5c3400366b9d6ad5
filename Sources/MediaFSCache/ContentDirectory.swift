package import MediaFSCore
import PosixIO
import Synchronization
package import SystemPackage

/// The content files of a volume: sparse files named by their ``ContentNumber``, 256 directories
/// wide, readable by their owner only.
package struct ContentDirectory: ContentDisk {
  private let root: FilePath
  private let quarantine: FilePath
  /// The directories themselves are on disk.
  private let isDurable = Flag()

  private final class Flag: Sendable {
    let value = Mutex(false)
  }

  /// - Parameter state: the volume's state directory; made when it is missing.
  package init(in state: FilePath) throws(Errno) {
    root = state.appending("content")
    quarantine = state.appending("quarantine")
    for path in [state, root, quarantine] {
      try FileTree.makeDirectories(path, permissions: .ownerReadWriteExecute)
    }
    // Made in their order: with the last one, all are there.
    if try FileTree.exists(root.appending(Self.name(ofBucket: 255))) { return }
    for bucket in 0..<256 {
      try FileTree.makeDirectories(
        root.appending(Self.name(ofBucket: bucket)), permissions: .ownerReadWriteExecute)
    }
  }

  package func open(_ content: ContentNumber) throws(Errno) -> any ContentFile {
    try SharedDescriptor(
      opening: path(of: content), .readWrite, options: [.create, .noFollow],
      permissions: .ownerReadWrite)
  }

  package func create(_ content: ContentNumber) throws(Errno) -> any ContentFile {
    try SharedDescriptor(
      opening: path(of: content), .readWrite, options: [.create, .exclusiveCreate, .noFollow],
      permissions: .ownerReadWrite)
  }

  package func status(of content: ContentNumber) throws(Errno) -> ContentStatus? {
    do {
      return ContentStatus(try FileTree.linkStatus(of: path(of: content)))
    } catch .noSuchFileOrDirectory {
      return nil
    }
  }

  package func remove(_ content: ContentNumber) throws(Errno) {
    guard content != .none else { return }
    do {
      try FileTree.unlink(path(of: content))
    } catch .noSuchFileOrDirectory {
      return
    }
  }

  package func synchronizeName(of content: ContentNumber) throws(Errno) {
    try FileTree.synchronizeDirectory(path(of: content).removingLastComponent())
    try synchronizeRoot()
  }

  /// Once: they are made when there are none, and stay.
  private func synchronizeRoot() throws(Errno) {
    if isDurable.value.withLock({ $0 }) { return }
    for path in [root, root.removingLastComponent()] { try FileTree.synchronizeDirectory(path) }
    isDurable.value.withLock { $0 = true }
  }

  package func synchronize(_ content: ContentNumber) throws(Errno) {
    do throws(Errno) {
      try OwnedDescriptor(opening: path(of: content), .readOnly, options: .noFollow)
        .synchronizeData()
    } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
      return
    }
    try synchronizeName(of: content)
  }

  package func synchronizeFilesystem() throws(Errno) {
    try FileTree.synchronizeFilesystem(root)
  }

  /// Other names are not ours and are left out.
  package func contents(ofBucket bucket: Int) throws(Errno) -> [ContentNumber] {
    try FileTree.names(in: root.appending(Self.name(ofBucket: bucket))).compactMap {
      Int64($0).map { ContentNumber($0) }
    }
  }

  /// A catalog that began anew counts from 1 again, so the number may be there already; what has
  /// been set aside is never replaced.
  package func quarantine(_ content: ContentNumber) throws(Errno) {
    var place = quarantine.appending(String(content.value))
    var copy = 0
    while try FileTree.exists(place) {
      copy += 1
      place = quarantine.appending("\(content.value).\(copy)")
    }
    try FileTree.renameDurably(path(of: content), to: place)
  }

  package func quarantined() throws(Errno) -> (files: Int, bytes: Int64) {
    var bytes: Int64 = 0
    let names = try FileTree.names(in: quarantine)
    for name in names {
      bytes += (try? FileTree.linkStatus(of: quarantine.appending(name)).size) ?? 0
    }
    return (names.count, bytes)
  }

  private func path(of content: ContentNumber) -> FilePath {
    root.appending(Self.name(ofBucket: Int(content.value & 255))).appending(String(content.value))
  }

  private static func name(ofBucket bucket: Int) -> String {
    let digits = String(bucket, radix: 16)
    return digits.utf8.count == 1 ? "0" + digits : digits
  }
}
