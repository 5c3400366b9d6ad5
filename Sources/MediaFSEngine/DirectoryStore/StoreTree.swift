import Glibc
import ObjectStorage
import PosixIO
import SystemPackage

/// The directory of an embedded store: finds the files of objects and reads what is kept with them.
///
/// Readers take no lock: an open file keeps the version that it had, and a version is never changed
/// once it has its name.
struct StoreTree: Sendable {
  let root: StoreFile

  /// An object's file, open at one version.
  struct OpenObject: Sendable {
    var file: StoreFile
    var record: ObjectRecord
    var path: StorePath
    /// The record lies in a file of its own.
    var hasRecordFile: Bool
  }

  /// How often a version that vanishes under the reader is looked for again. Each round means that
  /// somebody replaced the object within microseconds.
  private static let attempts = 100

  /// `nil` when there is no such object.
  func open(_ key: ObjectKey) throws(ObjectStoreError) -> OpenObject? {
    let path = StoreNames.path(of: key)
    for _ in 0..<Self.attempts {
      // In this order: an object that makes room for a directory moves from the first to the
      // second.
      var wasReplaced = false
      for candidate in [path, Self.besideDirectory(path)] {
        switch try onDisk("read", { () throws(Errno) in try version(at: candidate, of: path) }) {
        case .object(let object): return object
        case .replaced: wasReplaced = true
        case .missing: continue
        }
      }
      if !wasReplaced {
        try verifyPresence()
        return nil
      }
    }
    throw ObjectStoreError(
      .unavailable, code: "Busy", message: "\(key.text.debugDescription) is being replaced")
  }

  /// Where an object is kept whose own path is a directory.
  static func besideDirectory(_ path: StorePath) -> StorePath {
    guard let name = path.last else { return path }
    return path.dropLast() + [name + StoreNames.besideDirectory]
  }

  /// Tells a missing object from a missing store: the directory may have been removed, or what was
  /// mounted there.
  func verifyPresence() throws(ObjectStoreError) {
    let status = try onDisk("read the store") { () throws(Errno) in
      try root.status([StoreNames.privateDirectory])
    }
    guard status?.isDirectory == true else {
      throw ObjectStoreError(
        .unavailable, code: "NoSuchStore", message: "the directory of the store is gone")
    }
  }

  private enum Version {
    case object(OpenObject)
    case replaced
    case missing
  }

  private func version(at path: StorePath, of own: StorePath) throws(Errno) -> Version {
    guard let file = try openFile(path) else { return .missing }
    let status = try file.status()
    guard status.isRegularFile else { return .missing }
    if let record = try file.record(), record.describes(status) {
      return .object(OpenObject(file: file, record: record, path: path, hasRecordFile: false))
    }
    if let record = try recordFile(of: own, status) {
      return .object(OpenObject(file: file, record: record, path: path, hasRecordFile: true))
    }
    // The record file of this version may have gone with the version since it was opened.
    guard let now = try root.status(path), now.size == status.size, now.modified == status.modified
    else { return .replaced }
    let record = ObjectRecord.derived(from: status)
    return .object(OpenObject(file: file, record: record, path: path, hasRecordFile: false))
  }

  /// `nil` for what is not there or no file. Does not wait for the writer of a fifo.
  private func openFile(_ path: StorePath) throws(Errno) -> StoreFile? {
    do throws(Errno) {
      return try root.open(path, O_RDONLY | O_NONBLOCK)
    } catch {
      // ELOOP is a symbolic link, ENXIO a socket.
      let isNoFile = error == .tooManySymbolicLinkLevels || error == .noSuchAddressOrDevice
      guard error.isMissingFile || isNoFile else { throw error }
      return nil
    }
  }
}

// MARK: - Record files

/// Where the filesystem has no extended attributes, or too little room, a record is a file of its
/// own. Its name tells the version that it belongs to, so that the record of the next version can
/// be written before that version takes the object's name.
extension StoreTree {
  private static let directory = Array("attributes".utf8)

  static func recordPath(of path: StorePath, _ size: Int64, _ modified: Timestamp) -> StorePath {
    // "%2F" is only ever a whole name, so this is no directory of another object's records.
    let name = "%2F\(modified.seconds).\(modified.nanoseconds)-\(size)"
    return [StoreNames.privateDirectory, directory] + path + [Array(name.utf8)]
  }

  private func recordFile(
    of path: StorePath, _ status: FileStatus
  ) throws(Errno) -> ObjectRecord? {
    let place = Self.recordPath(of: path, status.size, status.modificationTime)
    guard let file = try openFile(place) else { return nil }
    let bytes = try file.read(count: Int(clamping: try file.status().size), at: 0)
    return ObjectRecord(decoding: bytes).flatMap { $0.describes(status) ? $0 : nil }
  }
}

extension StoreFile {
  /// The record in the extended attribute; `nil` when there is none or none can be.
  fileprivate func record() throws(Errno) -> ObjectRecord? {
    do throws(Errno) {
      return try extendedAttribute(ObjectRecord.attribute).flatMap(ObjectRecord.init(decoding:))
    } catch {
      guard error == .notSupported else { throw error }
      return nil
    }
  }

  /// False when the filesystem has no place or no room for it.
  func setRecord(_ record: ObjectRecord) throws(Errno) -> Bool {
    do throws(Errno) {
      try setExtendedAttribute(ObjectRecord.attribute, record.encode())
      return true
    } catch {
      switch error {
      case .notSupported, .noSpace, .outOfRange, .argListTooLong: return false
      default: throw error
      }
    }
  }

  func removeRecord() throws(Errno) {
    do throws(Errno) {
      try removeExtendedAttribute(ObjectRecord.attribute)
    } catch {
      guard error == .noData || error == .notSupported else { throw error }
    }
  }
}
