import PosixIO
import Synchronization
package import SystemPackage

/// What a power cut leaves of a catalog: its database, of its log as much as was synchronized
/// and a random piece more, and of the operations that are not even in that any piece.
///
/// SQLite appends to the log with checksums, and synchronizes it before it writes anything back to
/// the database; so the log that a cut leaves is its beginning, and that is at least what has been
/// written back. (SQLite: WAL-mode File Format.)
package final class SimulatedLog: Sendable {
  /// A moment in the life of a log.
  private struct Position {
    /// Another one with every new beginning of the log.
    var salt: [UInt8]
    /// Pages in the log.
    var frames: Int64
    /// Of these, how many are in the database as well.
    var writtenBack: Int64
  }

  private struct State {
    var path: FilePath
    var synchronized: Position?
    var captured: [(name: String, bytes: [UInt8])]?
  }

  private static let headerSize: Int64 = 32
  private static let frameHeaderSize: Int64 = 24
  private static let names = (
    database: "catalog.sqlite", log: "catalog.sqlite-wal", operations: "catalog.sqlite-redo",
    source: "catalog.source"
  )

  private let simulation: Simulation
  private let state: Mutex<State>

  /// - Parameter directory: the state directory.
  init(in directory: FilePath, _ simulation: Simulation) {
    self.simulation = simulation
    state = Mutex(State(path: directory))
  }

  /// Everything that is in the log is on disk now.
  func synchronize() throws(Errno) {
    let position = try position()
    state.withLock { $0.synchronized = position }
  }

  /// The power is gone.
  func capture() throws(Errno) {
    let (directory, synchronized) = state.withLock { ($0.path, $0.synchronized) }
    let current = try position()
    let database = try bytes(directory.appending(Self.names.database))
    var log = try bytes(directory.appending(Self.names.log))
    if let current {
      var least = current.writtenBack
      if let synchronized, synchronized.salt == current.salt {
        least = max(least, synchronized.frames)
      }
      let frame = Self.frameHeaderSize + Self.pageSize(database)
      let sizes = [least, current.frames].map { $0 == 0 ? 0 : Self.headerSize + $0 * frame }
      let size = simulation.random(in: sizes[0]...max(sizes[0], sizes[1]))
      log = Array(log.prefix(Int(size)))
    }
    let source = try bytes(directory.appending(Self.names.source))
    let operations = try bytes(directory.appending(Self.names.operations))
    state.withLock { state in
      state.captured = [
        (Self.names.database, database), (Self.names.log, log), (Self.names.source, source),
        (Self.names.operations, torn(operations)),
      ]
    }
  }

  /// What nobody synchronizes: all of it comes to the disk, or what stands before some byte.
  private func torn(_ bytes: [UInt8]) -> [UInt8] {
    // It is zeros behind its records, mostly.
    let end = (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    return Array(bytes.prefix(simulation.happens(0.5) ? end : simulation.random(in: 0...end)))
  }

  /// Puts what is left into another state directory, which is that of the log from now on.
  package func restore(to directory: FilePath) throws(Errno) {
    guard let captured = state.withLock({ $0.captured.take() }) else { return }
    try FileTree.makeDirectories(directory, permissions: .ownerReadWriteExecute)
    for (name, bytes) in captured {
      let file = try OwnedDescriptor(
        opening: directory.appending(name), .readWrite, options: [.create],
        permissions: .ownerReadWrite)
      try file.write(bytes, at: 0)
    }
    move(to: directory)
  }

  package func move(to directory: FilePath) {
    state.withLock { $0 = State(path: directory) }
  }

  // MARK: SQLite's files

  /// As the index of the log has it, in the order of bytes of this machine; `nil`: there is none.
  private func position() throws(Errno) -> Position? {
    let index = state.withLock { $0.path.appending(Self.names.database + "-shm") }
    guard try FileTree.exists(index) else { return nil }
    let bytes = try OwnedDescriptor(opening: index, .readOnly, options: []).read(count: 136, at: 0)
    guard bytes.count == 136 else { return nil }
    func number(_ offset: Int) -> Int64 {
      bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int64($1) }
    }
    return Position(salt: Array(bytes[32..<40]), frames: number(16), writtenBack: number(128))
  }

  /// Of the database, in its header: 1 stands for 65,536.
  private static func pageSize(_ database: [UInt8]) -> Int64 {
    guard database.count > 17 else { return 4_096 }
    let size = Int64(database[16]) << 8 | Int64(database[17])
    return size == 1 ? 65_536 : size
  }

  private func bytes(_ path: FilePath) throws(Errno) -> [UInt8] {
    guard try FileTree.exists(path) else { return [] }
    let file = try OwnedDescriptor(opening: path, .readOnly, options: [])
    return try file.read(count: Int(try file.status().size), at: 0)
  }
}
