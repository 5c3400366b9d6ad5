import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import SystemPackage

/// The files of the catalog in the state directory, and what becomes of them when it is damaged.
///
/// A mark says that it is, from before the first of them is moved until a new one is complete:
/// whoever dies in between begins again with the same names.
struct CatalogFiles: Sendable {
  /// What belongs to a database, and lies beside it. Without its logs it may be whole, and old.
  private static let suffixes = ["-wal", "-shm", Catalog.logSuffix, ""]

  let state: FilePath

  var database: FilePath { state.appending("catalog.sqlite") }
  /// A new catalog that is not complete yet.
  var unfinished: FilePath { state.appending("catalog.new.sqlite") }
  /// As long as the number of starts since the catalog was last found to be in order.
  private var unchecked: FilePath { state.appending("catalog.unchecked") }
  /// Holds the name that the damaged one gets, and what is wrong with it.
  private var mark: FilePath { state.appending("catalog.damaged") }
  /// Which source the catalog belongs to, for the case that it cannot say so itself.
  private var source: FilePath { state.appending("catalog.source") }
  /// Which time the disk was there when the catalog was last used, see ``VolumeOptions/boot``.
  private var boot: FilePath { state.appending("catalog.boot") }
  private var quarantine: FilePath { state.appending("quarantine") }

  /// SQLite gives its log the permissions of the database: names are nobody else's business.
  func create(_ path: FilePath) throws(Errno) {
    _ = try OwnedDescriptor(
      opening: path, .readWrite, options: [.create, .noFollow], permissions: .ownerReadWrite)
  }

  /// There is no database, or nothing in it: one that is new, or one that was lost.
  func isEmpty() throws(Errno) -> Bool {
    guard try FileTree.exists(database) else { return true }
    return try FileTree.linkStatus(of: database).size == 0
  }

  // MARK: A damaged catalog

  /// What is wrong with the catalog; `nil` while nothing is known to be.
  func damage() throws(Errno) -> String? {
    try text(of: mark).map { String($0.drop { $0 != "\n" }.dropFirst()) }
  }

  /// The next start sets the catalog aside. Nothing changes where that was said before.
  func condemn(_ reason: String, at now: Timestamp) throws(Errno) {
    guard try !FileTree.exists(mark) else { return }
    try write("catalog \(CalendarTime(now).compact).sqlite\n\(reason)\n", to: mark)
  }

  /// Moves the database, and its log, to the quarantine. Returns the name that it has there.
  func setAside() throws(Errno) -> String {
    let first = try text(of: mark)?.prefix { $0 != "\n" } ?? ""
    let name = first.isEmpty ? "catalog.sqlite" : String(first)
    try FileTree.makeDirectories(quarantine, permissions: .ownerReadWriteExecute)
    for suffix in Self.suffixes {
      let path = FilePath(database.string + suffix)
      guard try FileTree.exists(path) else { continue }
      // An index of the log, and an empty log: nobody can want them.
      let size = try FileTree.linkStatus(of: path).size
      if suffix == "-shm" || size == 0 {
        try FileTree.unlink(path)
        continue
      }
      // What has been set aside is never replaced.
      var place = quarantine.appending(name + suffix)
      var copy = 0
      while try FileTree.exists(place) {
        copy += 1
        place = quarantine.appending("\(name).\(copy)\(suffix)")
      }
      try FileTree.renameDurably(path, to: place)
    }
    return name
  }

  /// What an earlier attempt has left.
  func removeUnfinished() throws(Errno) {
    for suffix in Self.suffixes { try remove(FilePath(unfinished.string + suffix)) }
  }

  /// The new catalog is complete and closed: it takes the place of the old one.
  func finish() throws(Errno) {
    let log = FilePath(unfinished.string + "-wal")
    if try FileTree.exists(log), try FileTree.linkStatus(of: log).size > 0 { throw .resourceBusy }
    try FileTree.renameDurably(unfinished, to: database)
    try removeUnfinished()
    try remove(mark)
    try FileTree.synchronizeDirectory(state)
  }

  // MARK: Starts

  /// One more start; returns how many there were since ``wasChecked()``.
  func begin() throws(Errno) -> Int {
    let file = try OwnedDescriptor(
      opening: unchecked, .readWrite, options: [.create, .noFollow], permissions: .ownerReadWrite)
    let size = try file.status().size + 1
    try file.truncate(to: size)
    return Int(size)
  }

  func wasChecked() {
    try? remove(unchecked)
  }

  // MARK: What a damaged catalog cannot say

  /// Which source the catalog was last opened for.
  func knownSource() throws(Errno) -> String? { try text(of: source) }

  func note(source text: String) throws(Errno) { try note(text, in: source) }

  /// Whether the host has lost power since the catalog was last used, as far as anybody knows.
  func haveSeenCut(at boot: String) throws(Errno) -> Bool {
    guard let known = try text(of: self.boot) else { return false }
    return !known.utf8.elementsEqual(boot.utf8)
  }

  /// What an earlier power cut has left has been looked at.
  func note(boot text: String) throws(Errno) { try note(text, in: boot) }

  private func note(_ note: String, in file: FilePath) throws(Errno) {
    if let known = try text(of: file), known.utf8.elementsEqual(note.utf8) { return }
    try write(note, to: file)
  }

  // MARK: Small files

  private func text(of path: FilePath) throws(Errno) -> String? {
    guard try FileTree.exists(path) else { return nil }
    let file = try OwnedDescriptor(opening: path, .readOnly, options: .noFollow)
    return String(decoding: try file.read(count: 64 << 10, at: 0), as: UTF8.self)
  }

  private func write(_ text: String, to path: FilePath) throws(Errno) {
    let temporary = FilePath(path.string + ".new")
    try remove(temporary)
    do {
      let file = try OwnedDescriptor(
        opening: temporary, .readWrite, options: [.create, .noFollow],
        permissions: .ownerReadWrite)
      try file.write(Array(text.utf8), at: 0)
    }
    try FileTree.renameDurably(temporary, to: path)
  }

  private func remove(_ path: FilePath) throws(Errno) {
    if try FileTree.exists(path) { try FileTree.unlink(path) }
  }
}
