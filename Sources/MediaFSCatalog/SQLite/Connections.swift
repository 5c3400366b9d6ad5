import CSQLite
import Glibc

/// The connections to one database: one that writes, and some that only read beside it.
///
/// Whoever finds the one that writes free asks it: what it has written is in its memory, and what
/// is not committed only it can see. The others are for who would have to wait. Its lock goes to
/// who comes first, not to who has waited for the longest: handed over in turn it would cost each
/// operation a switch of threads as soon as there are two of them.
///
/// SAFETY: `@unchecked Sendable` because a connection is used by who holds it, and by nobody else:
/// the one that writes under `lock`, a reader by who has taken it out of `idle`, which is used
/// under `readers` only, as is what stands behind it.
@safe final class Connections: @unchecked Sendable {
  /// Threads at once; more only cost memory.
  private static let maximumReaders = 8

  private let path: String
  private let lock = RecursiveLock()
  private var writer: Database?
  private let readers = RecursiveLock()
  private var idle: [Database] = []
  /// Idle ones and those in use.
  private var count = 0
  private var isClosed = false

  init(path: String) throws {
    self.path = path
    let writer = try Database(path: path)
    guard case .text("wal") = try Connection(writer).row("PRAGMA journal_mode = WAL")?.values.first
    else {
      throw DatabaseError(
        code: SQLITE_CANTOPEN, message: "The filesystem cannot share memory", sql: nil)
    }
    try writer.execute(Self.settings)
    self.writer = writer
  }

  /// A commit in WAL survives the death of the process without a sync; power cuts are
  /// ``Catalog/synchronize()``'s task.
  private static let settings = """
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -4096;
    PRAGMA temp_store = MEMORY;
    """

  // MARK: The one that writes

  /// Waits for it. A thread that has it may ask for it once more.
  func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
    lock.acquire()
    defer { lock.release() }
    return try body(open(writer))
  }

  /// `nil` while somebody else has it.
  func writeIfFree<Result>(_ body: (Database) throws -> Result) throws -> Result? {
    guard lock.acquireIfFree() else { return nil }
    defer { lock.release() }
    return try body(open(writer))
  }

  private func open(_ database: Database?) throws -> Database {
    guard let database else {
      throw DatabaseError(code: SQLITE_MISUSE, message: "The database is closed", sql: nil)
    }
    return database
  }

  // MARK: Readers

  /// A question about what is committed, beside everything else; of one moment.
  func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
    guard let reader = takeReader() else { return try write(body) }
    defer { giveBack(reader) }
    return try reader.reading { try body(reader) }
  }

  /// `nil` when there is none: all are in use, or the process has too many files open.
  private func takeReader() -> Database? {
    readers.acquire()
    defer { readers.release() }
    if let reader = idle.popLast() { return reader }
    guard !isClosed, count < Self.maximumReaders, let reader = try? makeReader() else {
      return nil
    }
    count += 1
    return reader
  }

  private func makeReader() throws -> Database {
    let reader = try Database(path: path)
    try reader.execute("\(Self.settings) PRAGMA query_only = ON;")
    return reader
  }

  private func giveBack(_ reader: Database) {
    readers.acquire()
    defer { readers.release() }
    if !isClosed { idle.append(reader) }
  }

  /// Everything that is committed now, for questions later on.
  func snapshot() throws -> Snapshot {
    let reader = try makeReader()
    try reader.run("BEGIN")
    // The moment is that of the first read.
    _ = try reader.has(table: "volume")
    return Snapshot(reader)
  }

  /// Who comes later gets an error.
  func close() {
    readers.acquire()
    (idle, isClosed) = ([], true)
    readers.release()
    lock.acquire()
    writer = nil
    lock.release()
  }

  /// A connection that sees the database as it was.
  ///
  /// SAFETY: the connection is used under `lock` only.
  @safe final class Snapshot: @unchecked Sendable {
    private let lock = RecursiveLock()
    private let reader: Database

    fileprivate init(_ reader: Database) {
      self.reader = reader
    }

    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
      lock.acquire()
      defer { lock.release() }
      return try body(reader)
    }
  }
}

/// A lock that a thread may take again while it has it (pthread_mutex_lock(3)).
@safe private final class RecursiveLock {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    unsafe pthread_mutexattr_init(&attributes)
    unsafe pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_RECURSIVE))
    unsafe pthread_mutex_init(mutex, &attributes)
    unsafe pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  func acquire() { unsafe pthread_mutex_lock(mutex) }
  func acquireIfFree() -> Bool { unsafe pthread_mutex_trylock(mutex) == 0 }
  func release() { unsafe pthread_mutex_unlock(mutex) }
}
