import ObjectStorage

/// A store under test and the part of it that one check may write to.
struct Conformance: Sendable {
  let store: any ObjectStore
  let traits: StoreTraits
  /// Ends with "/".
  let prefix: String

  func key(_ name: String) -> ObjectKey { ObjectKey(prefix + name) }

  /// Bytes that follow from `seed`. Blocks of them repeat but for their number, so that megabytes
  /// are made fast and a block in the wrong place is found.
  static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    var block = (0..<4_096).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count {
      let number = bytes.count / block.count
      for index in 0..<4 { block[index] = UInt8(truncatingIfNeeded: number >> (index * 8)) }
      bytes += block
    }
    return Array(bytes.prefix(count))
  }
}

// MARK: - Calls

extension Conformance {
  @discardableResult
  func put(
    _ name: String, _ bytes: [UInt8] = [1, 2, 3], headers: ObjectHeaders = ObjectHeaders(),
    condition: WriteCondition = .none
  ) async throws(ObjectStoreError) -> ETag {
    try await store.put(key(name), BytesSource(bytes), headers: headers, condition: condition)
  }

  func read(
    _ name: String, _ range: Range<Int64>? = nil, ifMatch: ETag? = nil
  ) async throws(ObjectStoreError) -> [UInt8] {
    try await store.get(key(name), range: range, ifMatch: ifMatch).body.collect()
  }

  func head(_ name: String) async throws(ObjectStoreError) -> ObjectInfo {
    try await store.head(key(name))
  }

  /// All pages of a listing: objects, common prefixes and the number of pages.
  func list(
    _ name: String = "", folded: Bool = false, pageSize: Int = 1_000
  ) async throws -> (objects: [ListedObject], prefixes: [ObjectKey], pages: Int) {
    var request = ListRequest(prefix: prefix + name, foldsDirectories: folded, pageSize: pageSize)
    var result = (objects: [ListedObject](), prefixes: [ObjectKey](), pages: 0)
    while true {
      let page = try await store.list(request)
      result.objects += page.objects
      result.prefixes += page.commonPrefixes
      result.pages += 1
      let count = page.objects.count + page.commonPrefixes.count
      try expect(count <= pageSize, "a page of \(pageSize) holds \(count)")
      guard let continuation = page.continuation else { return result }
      try expect(continuation != request.continuation, "the listing does not go on")
      request.continuation = continuation
    }
  }

  /// The names beneath the prefix, by bytes.
  func names(_ name: String = "") async throws -> [ObjectKey] {
    try await list(name).objects.map(\.key)
  }

  func removeAll() async throws {
    for upload in try await store.listUploads(prefix: prefix) {
      try await store.abortUpload(upload.key, upload.upload)
    }
    let keys = try await names()
    for start in stride(from: 0, to: keys.count, by: 1_000) {
      let failures = try await store.delete(Array(keys[start..<min(start + 1_000, keys.count)]))
      if let failure = failures.first?.value { throw failure }
    }
  }
}

// MARK: - Expectations

extension Conformance {
  func expect(
    _ condition: Bool, _ message: @autoclosure () -> String
  ) throws(ConformanceFailure) {
    if !condition { throw ConformanceFailure(message: message()) }
  }

  func expectEqual<Value: Equatable>(
    _ actual: Value, _ expected: Value, _ what: String
  ) throws(ConformanceFailure) {
    try expect(actual == expected, "\(what) is \(actual), not \(expected)")
  }

  /// Compares without printing megabytes.
  func expectBytes(
    _ actual: [UInt8], _ expected: [UInt8], _ what: String
  ) throws(ConformanceFailure) {
    guard actual != expected else { return }
    let offset = zip(actual, expected).enumerated().first { $1.0 != $1.1 }?.offset
    let place = offset.map { "differ at \($0)" } ?? "are a part of the other"
    throw ConformanceFailure(
      message: "\(what): \(actual.count) bytes instead of \(expected.count), they \(place)")
  }

  /// Expects that a call fails in one of these ways.
  func expectFailure<Answer>(
    _ kinds: ObjectStoreError.Kind..., of what: String,
    _ call: () async throws(ObjectStoreError) -> Answer
  ) async throws(ConformanceFailure) {
    let answer: Answer
    do throws(ObjectStoreError) {
      answer = try await call()
    } catch {
      try expect(
        kinds.contains(error.kind), "\(what) failed as \(error.kind), not \(kinds): \(error)")
      return
    }
    throw ConformanceFailure(message: "\(what) gave \(answer) instead of failing as \(kinds)")
  }
}
