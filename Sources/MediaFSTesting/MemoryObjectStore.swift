import MediaFSEngine
package import ObjectStorage
import Synchronization

/// A whole object store in memory, as strict as AWS: what it accepts, S3 accepts.
///
/// Every call is one critical section, so conditions are decided atomically. Time comes from the
/// caller and stands still unless ``advance(by:)`` moves it.
package final class MemoryObjectStore: ObjectStore {
  struct Object: Sendable {
    var bytes: [UInt8]
    var info: ObjectInfo
  }

  struct Upload: Sendable {
    var key: ObjectKey
    var headers: ObjectHeaders
    var initiated: Timestamp
    var parts: [Int: (part: UploadedPart, bytes: [UInt8])] = [:]
  }

  struct State: Sendable {
    var objects: [ObjectKey: Object] = [:]
    var uploads: [UploadID: Upload] = [:]
    /// Uploads that were completed, and what came of them: completing twice succeeds, as on AWS.
    var completed: [UploadID: (key: ObjectKey, etag: ETag)] = [:]
    var now: Timestamp
    var serial: UInt64 = 0
  }

  package let limits: StoreLimits
  let state: Mutex<State>

  package init(limits: StoreLimits = .s3, now: Timestamp = Timestamp(seconds: 1_700_000_000)) {
    self.limits = limits
    state = Mutex(State(now: now))
  }

  /// Moves the clock that gives `Last-Modified`.
  package func advance(by duration: Duration) {
    state.withLock { $0.now = $0.now.advanced(by: duration) }
  }

  /// All keys in byte order, for assertions.
  package var keys: [ObjectKey] {
    state.withLock { $0.objects.keys.sorted() }
  }

  /// The bytes of an object, for assertions.
  package func bytes(of key: ObjectKey) -> [UInt8]? {
    state.withLock { $0.objects[key]?.bytes }
  }
}

// MARK: - Objects

extension MemoryObjectStore {
  package func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    try ObjectStoreError.throwIfCancelled()
    let object = try state.withLock { state throws(ObjectStoreError) in
      try state.object(key, matching: ifMatch)
    }
    let whole = 0..<object.info.size
    let part = range?.clamped(to: whole)
    if let range, part?.isEmpty == true { throw .invalidRange(range) }
    let wanted = part ?? whole
    let body = BytesBody(object.bytes[Int(wanted.lowerBound)..<Int(wanted.upperBound)])
    return ObjectDownload(info: object.info, range: wanted, body: body)
  }

  package func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    try ObjectStoreError.throwIfCancelled()
    return try state.withLock { state throws(ObjectStoreError) in
      try state.object(key, matching: nil).info
    }
  }

  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try ObjectStoreError.throwIfCancelled()
    try key.validate()
    try headers.validate()
    guard source.length <= limits.putSize else {
      throw .invalid("EntityTooLarge", "an object of \(source.length) bytes")
    }
    let bytes = try source.read(at: 0, count: Int(source.length))
    return try state.withLock { state throws(ObjectStoreError) in
      try state.check(condition, key)
      return state.store(key, bytes, headers, etag: state.uniqueTag())
    }
  }

  package func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try ObjectStoreError.throwIfCancelled()
    try target.validate()
    try headers?.validate()
    return try state.withLock { state throws(ObjectStoreError) in
      let object = try state.object(source, matching: sourceMatch)
      if source == target, headers == nil {
        throw .invalid("InvalidRequest", "a copy onto itself that changes nothing")
      }
      try state.check(condition, target)
      let kept = headers ?? object.info.headers
      return state.store(target, object.bytes, kept, etag: state.uniqueTag())
    }
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    try ObjectStoreError.throwIfCancelled()
    state.withLock { $0.objects[key] = nil }
  }

  package func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    try ObjectStoreError.throwIfCancelled()
    try state.withLock { state throws(ObjectStoreError) in
      try state.check(.matches(ifMatch), key)
      state.objects[key] = nil
    }
  }

  package func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    try ObjectStoreError.throwIfCancelled()
    guard keys.count <= 1_000 else { throw .invalid("MalformedXML", "\(keys.count) keys") }
    state.withLock { state in
      for key in keys { state.objects[key] = nil }
    }
    return [:]
  }

  package func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    try ObjectStoreError.throwIfCancelled()
    let objects = state.withLock { state in
      state.objects.lazy.filter { $0.key.hasPrefix(request.prefix) }.map { key, object in
        ListedObject(
          key: key, size: object.info.size, etag: object.info.etag,
          lastModified: object.info.lastModified)
      }
    }
    var page = ListPageBuilder(request)
    for object in objects.sorted(by: { $0.key < $1.key }) where !page.isFull { page.add(object) }
    return page.finish()
  }
}

// MARK: - State

extension MemoryObjectStore.State {
  func object(
    _ key: ObjectKey, matching etag: ETag?
  ) throws(ObjectStoreError) -> MemoryObjectStore.Object {
    guard let object = objects[key] else { throw .noSuchKey(key) }
    if let etag, etag != object.info.etag { throw .conditionFailed(key) }
    return object
  }

  func check(_ condition: WriteCondition, _ key: ObjectKey) throws(ObjectStoreError) {
    switch condition {
    case .none: break
    case .absent:
      if objects[key] != nil { throw .conditionFailed(key) }
    case .matches(let etag):
      // As AWS: 404 where there is nothing to match.
      guard let object = objects[key] else { throw .noSuchKey(key) }
      if object.info.etag != etag { throw .conditionFailed(key) }
    }
  }

  mutating func store(
    _ key: ObjectKey, _ bytes: [UInt8], _ headers: ObjectHeaders, etag: ETag
  ) -> ETag {
    let info = ObjectInfo(
      size: Int64(bytes.count), etag: etag, lastModified: now, headers: headers)
    objects[key] = MemoryObjectStore.Object(bytes: bytes, info: info)
    return etag
  }

  /// Looks like an MD5 and is never given twice, so that a version cannot be taken for another.
  mutating func uniqueTag() -> ETag {
    var random = SeededRandom(seed: nextSerial())
    let digits = [random.next(), random.next()].map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
    return ETag(digits.joined())
  }

  mutating func nextSerial() -> UInt64 {
    serial += 1
    return serial
  }
}
