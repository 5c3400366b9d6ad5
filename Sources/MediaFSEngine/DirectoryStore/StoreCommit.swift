import Glibc
import ObjectStorage
import PosixIO
import SystemPackage

/// Changes of the tree: each under the lock of the store, each whole or not at all.
extension DirectoryObjectStore {
  private static let lockPath = [StoreNames.privateDirectory, Array("lock".utf8)]

  /// flock(2) on a file of the store: excludes other threads as well as other daemons, since each
  /// call has its own open file.
  private func withLock<Result>(
    _ body: () throws(ObjectStoreError) -> Result
  ) throws(ObjectStoreError) -> Result {
    let lock = try onDisk("lock the store") { () throws(Errno) in
      let file = try tree.root.open(Self.lockPath, O_RDWR | O_CREAT)
      try file.lock()
      return file
    }
    defer { extendLifetime(lock) }
    return try body()
  }

  /// Gives a temporary file the name of an object.
  func commit(
    _ temporary: inout StoreTemporary, to key: ObjectKey, headers: ObjectHeaders,
    condition: WriteCondition, upload: UploadID? = nil
  ) throws(ObjectStoreError) -> ETag {
    let etag = ETag(unique())
    let status = try onDisk("write") { () throws(Errno) in try temporary.file.status() }
    let record = ObjectRecord(
      etag: etag, size: status.size, modified: status.modificationTime, headers: headers,
      upload: upload)
    let isInAttribute = try onDisk("write") { () throws(Errno) in
      let isKept = try setRecord(record, of: temporary.file)
      try temporary.file.synchronize()
      return isKept
    }
    let path = StoreNames.path(of: key)
    try withLock { () throws(ObjectStoreError) in
      let current = try tree.open(key)
      try Self.check(condition, key, current)
      try onDisk("write") { () throws(Errno) in
        try makeParents(of: path)
        if !isInAttribute { try writeRecordFile(record, of: path) }
        let isTaken = try tree.root.status(path)?.isDirectory == true
        try temporary.move(to: isTaken ? StoreTree.besideDirectory(path) : path)
        // The directory that the object once made room for is gone.
        if !isTaken { try tree.root.remove(StoreTree.besideDirectory(path)) }
        if let current, !current.record.isSameVersion(as: record) {
          try removeRecordFile(of: path, current)
        }
      }
    }
    try onDisk("write") { () throws(Errno) in try tree.root.synchronizeDirectory(path.dropLast()) }
    return etag
  }

  /// Changes what is kept with an object, not its bytes: those are not copied, and the time of
  /// modification stays, which the record is tied to.
  func replaceHeaders(
    of key: ObjectKey, _ sourceMatch: ETag?, _ headers: ObjectHeaders, _ condition: WriteCondition
  ) throws(ObjectStoreError) -> ETag {
    try withLock { () throws(ObjectStoreError) in
      let object = try existing(key, matching: sourceMatch)
      try Self.check(condition, key, object)
      var record = object.record
      record.etag = ETag(unique())
      record.headers = headers
      record.upload = nil
      let path = StoreNames.path(of: key)
      try onDisk("write") { () throws(Errno) in
        if try setRecord(record, of: object.file) {
          try object.file.synchronize()
        } else {
          try writeRecordFile(record, of: path)
          // Until now the attribute counted, if there is one.
          try object.file.removeRecord()
        }
      }
      return record.etag
    }
  }

  func remove(_ key: ObjectKey, ifMatch: ETag? = nil) throws(ObjectStoreError) {
    let path = StoreNames.path(of: key)
    try withLock { () throws(ObjectStoreError) in
      let current = try tree.open(key)
      if let ifMatch { try Self.check(.matches(ifMatch), key, current) }
      try onDisk("delete") { () throws(Errno) in
        // In this order: what is left after a crash must not be an older version.
        try tree.root.remove(StoreTree.besideDirectory(path))
        if try tree.root.status(path)?.isRegularFile == true { try tree.root.remove(path) }
        if let current { try removeRecordFile(of: path, current) }
        let parent = try prune(path.dropLast())
        if current != nil { try tree.root.synchronizeDirectory(parent) }
      }
    }
  }

  private static func check(
    _ condition: WriteCondition, _ key: ObjectKey, _ current: StoreTree.OpenObject?
  ) throws(ObjectStoreError) {
    switch condition {
    case .none: break
    case .absent:
      if current != nil { throw .conditionFailed(key) }
    case .matches(let etag):
      guard let current else { throw .noSuchKey(key) }
      if current.record.etag != etag { throw .conditionFailed(key) }
    }
  }
}

// MARK: - Directories

extension DirectoryObjectStore {
  /// Makes the directories that a path needs. A file where one must be belongs to an object whose
  /// key is a prefix of this one: it makes room.
  private func makeParents(of path: StorePath) throws(Errno) {
    let parent = Array(path.dropLast())
    if parent.isEmpty { return }
    if try tree.root.status(parent)?.isDirectory == true { return }
    for length in 1...parent.count {
      let directory = Array(parent.prefix(length))
      if try tree.root.makeDirectory(directory) {
        try tree.root.synchronizeDirectory(directory.dropLast())
      } else if try tree.root.status(directory)?.isRegularFile == true {
        try tree.root.rename(directory, to: StoreTree.besideDirectory(directory))
        _ = try tree.root.makeDirectory(directory)
        try tree.root.synchronizeDirectory(directory.dropLast())
      }
    }
  }

  /// Removes a directory and those above it as far as they are empty; returns the first that stays.
  private func prune(_ path: ArraySlice<[UInt8]>) throws(Errno) -> ArraySlice<[UInt8]> {
    var path = path
    while !path.isEmpty {
      if try !tree.root.removeDirectory(Array(path)) {
        guard try tree.root.status(Array(path)) == nil else { break }
      }
      path = path.dropLast()
    }
    return path
  }

  // MARK: Records

  /// False when the record must go to a file of its own.
  private func setRecord(_ record: ObjectRecord, of file: StoreFile) throws(Errno) -> Bool {
    guard usesAttributes else { return false }
    return try file.setRecord(record)
  }

  private func writeRecordFile(_ record: ObjectRecord, of path: StorePath) throws(Errno) {
    let target = StoreTree.recordPath(of: path, record.size, record.modified)
    for length in 1..<target.count { _ = try tree.root.makeDirectory(Array(target.prefix(length))) }
    var temporary = try StoreTemporary(tree.root, name: unique())
    try temporary.append(record.encode())
    try temporary.file.synchronize()
    try temporary.move(to: target)
    try tree.root.synchronizeDirectory(target.dropLast())
  }

  private func removeRecordFile(
    of path: StorePath, _ object: StoreTree.OpenObject
  ) throws(Errno) {
    guard object.hasRecordFile else { return }
    let record = object.record
    let target = StoreTree.recordPath(of: path, record.size, record.modified)
    try tree.root.remove(target)
    _ = try prune(target.dropLast())
  }
}

extension ObjectRecord {
  fileprivate func isSameVersion(as other: ObjectRecord) -> Bool {
    size == other.size && modified == other.modified
  }
}
