package import ObjectStorage
import PosixIO
import SystemPackage

/// The embedded store: objects as files in a local directory (`file://`).
///
/// For a first try, for tests and for disks of a NAS. ``StoreNames`` tells where an object lies;
/// content type, metadata and ETag are in an extended attribute of its file. The ETag is a random
/// number given at each write, not a hash: nothing has to be read again to know it, and two writes
/// of the same bytes are told apart. A new version is written to a temporary file, synchronized and
/// renamed, so that it is there whole or not at all, and stays after a power cut. Several daemons
/// may share a store: conditions are decided under a lock that is a file in it.
///
/// The filesystem must tell case and normal forms of names apart, as those of Linux do.
package final class DirectoryObjectStore: ObjectStore {
  /// No rule of a disk limits these; parts follow S3, so that what works here works there.
  package let limits = StoreLimits(
    putSize: .max, minimumPartSize: 5 << 20, maximumPartSize: .max, partCount: 10_000,
    objectSize: .max)

  let tree: StoreTree
  /// False keeps records in files although the disk has attributes.
  let usesAttributes: Bool
  private let random: @Sendable () -> UInt64

  /// Bytes that are in memory at once while a file is read or written.
  static let chunkSize = 1 << 20

  /// - Parameters:
  ///   - path: absolute.
  ///   - createsDirectory: makes it and what is missing above it; else it must be there.
  ///   - usesAttributes: false for a disk that has extended attributes but does not keep them, or
  ///     is copied by something that does not.
  ///   - random: for ETags and names; must not repeat, or two versions are taken for one.
  package init(
    directory path: String, createsDirectory: Bool = true, usesAttributes: Bool = true,
    random: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
  ) throws(ObjectStoreError) {
    self.random = random
    self.usesAttributes = usesAttributes
    tree = try onDisk("open the store \(path.debugDescription)") { () throws(Errno) in
      let place = FilePath(path)
      if createsDirectory { try FileTree.makeDirectories(place, permissions: .directoryDefault) }
      let root = StoreFile(try OwnedDescriptor(opening: place, .readOnly, options: .directory))
      let own = StoreNames.privateDirectory
      for directory in [[own], StoreTemporary.directory, StoreUploads.directory] {
        _ = try root.makeDirectory(directory)
      }
      try StoreTemporary.sweep(root)
      return StoreTree(root: root)
    }
  }

  /// 128 random bits.
  func unique() -> String {
    [random(), random()].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }.joined()
  }
}

// MARK: - Reading

extension DirectoryObjectStore {
  package func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    let object = try existing(key, matching: ifMatch)
    let whole = 0..<object.record.size
    let part = range?.clamped(to: whole)
    if let range, part?.isEmpty == true { throw .invalidRange(range) }
    let body = StoreBody(object.file, part ?? whole)
    return ObjectDownload(info: object.record.info, range: part ?? whole, body: body)
  }

  package func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    try existing(key, matching: nil).record.info
  }

  func existing(
    _ key: ObjectKey, matching etag: ETag?
  ) throws(ObjectStoreError) -> StoreTree.OpenObject {
    try ObjectStoreError.throwIfCancelled()
    try key.validate()
    guard let object = try tree.open(key) else { throw .noSuchKey(key) }
    if let etag, etag != object.record.etag { throw .conditionFailed(key) }
    return object
  }
}

// MARK: - Writing

extension DirectoryObjectStore {
  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try key.validate()
    try headers.validate()
    var temporary = try makeTemporary()
    try write(source, to: &temporary)
    return try commit(&temporary, to: key, headers: headers, condition: condition)
  }

  package func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try target.validate()
    try headers?.validate()
    if source == target {
      guard let headers else {
        throw .invalid("InvalidRequest", "a copy onto itself that changes nothing")
      }
      return try replaceHeaders(of: source, sourceMatch, headers, condition)
    }
    let object = try existing(source, matching: sourceMatch)
    var temporary = try makeTemporary()
    try copy(object.file, 0..<object.record.size, to: &temporary)
    return try commit(
      &temporary, to: target, headers: headers ?? object.record.headers, condition: condition)
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    try ObjectStoreError.throwIfCancelled()
    try key.validate()
    try remove(key)
  }

  package func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    try ObjectStoreError.throwIfCancelled()
    try key.validate()
    try remove(key, ifMatch: ifMatch)
  }

  package func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    try ObjectStoreError.throwIfCancelled()
    guard keys.count <= 1_000 else { throw .invalid("MalformedXML", "\(keys.count) keys") }
    var failures: [ObjectKey: ObjectStoreError] = [:]
    for key in keys {
      do {
        try key.validate()
        try remove(key)
      } catch {
        failures[key] = error
      }
    }
    return failures
  }

  func makeTemporary() throws(ObjectStoreError) -> StoreTemporary {
    try ObjectStoreError.throwIfCancelled()
    let name = unique()
    do throws(Errno) {
      return try StoreTemporary(tree.root, name: name)
    } catch {
      throw ObjectStoreError(error, "make a temporary file")
    }
  }

  func write(
    _ source: any ObjectSource, to target: inout StoreTemporary
  ) throws(ObjectStoreError) {
    var offset: Int64 = 0
    while offset < source.length {
      try ObjectStoreError.throwIfCancelled()
      let count = Int(min(Int64(Self.chunkSize), source.length - offset))
      let bytes = try source.read(at: offset, count: count)
      try onDisk("write") { () throws(Errno) in try target.append(bytes) }
      offset += Int64(count)
    }
  }

  /// Appends a range of one file to another.
  func copy(
    _ source: StoreFile, _ range: Range<Int64>, to target: inout StoreTemporary
  ) throws(ObjectStoreError) {
    let body = StoreBody(source, range)
    while let bytes = try body.read() {
      try ObjectStoreError.throwIfCancelled()
      try onDisk("write") { () throws(Errno) in try target.append(bytes) }
    }
  }
}

extension FilePermissions {
  /// Narrowed by the umask.
  fileprivate static let directoryDefault = FilePermissions(rawValue: 0o777)
}
