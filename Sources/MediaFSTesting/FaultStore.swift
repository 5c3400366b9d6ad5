package import ObjectStorage
import Synchronization

/// An ``ObjectStore`` around another one that records every call and does what a test tells it to
/// do wrong.
package final class FaultStore: ObjectStore {
  private struct Rule: Sendable {
    var operation: StoreOperation
    var key: ObjectKey?
    var fault: StoreFault
    var times: Int
  }

  private struct State: Sendable {
    var rules: [Rule] = []
    var outage: ObjectStoreError?
    var conditions = ConditionSupport.checked
    var calls: [StoreCall] = []
  }

  private let base: any ObjectStore
  private let state = Mutex(State())

  /// Whether a delete keeps to the version that is meant. Few stores do so.
  private let checksDeletes: Bool

  /// - Parameter conditions: of a volume's store to be given here, since the volume finds out at
  ///   its start.
  package init(
    _ base: any ObjectStore, conditions: ConditionSupport = .checked, checksDeletes: Bool = false
  ) {
    self.base = base
    self.checksDeletes = checksDeletes
    state.withLock { $0.conditions = conditions }
  }

  package var limits: StoreLimits { base.limits }
  package var checksums: [ChecksumAlgorithm] { base.checksums }

  package func use(_ checksum: ChecksumAlgorithm?) { base.use(checksum) }

  package func verifies(
    _ algorithm: ChecksumAlgorithm, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool {
    try await base.verifies(algorithm, at: key)
  }

  /// Applies `fault` to the next `times` calls of an operation, of one key or of any but a probe's.
  /// Faults apply in the order in which they were given, one to a call.
  package func inject(
    _ fault: StoreFault, on operation: StoreOperation, key: ObjectKey? = nil, times: Int = 1
  ) {
    let rule = Rule(operation: operation, key: key, fault: fault, times: times)
    state.withLock { $0.rules.append(rule) }
  }

  /// While set, every call fails with this, before it has an effect and before other faults.
  package var outage: ObjectStoreError? {
    get { state.withLock { $0.outage } }
    set { state.withLock { $0.outage = newValue } }
  }

  /// What becomes of the conditions on writes.
  package var conditions: ConditionSupport {
    get { state.withLock { $0.conditions } }
    set { state.withLock { $0.conditions = newValue } }
  }

  private func supported(
    _ condition: WriteCondition, isCopy: Bool = false
  ) throws(ObjectStoreError) -> WriteCondition {
    switch conditions {
    case .checked: return condition
    case .ignoredOnCopies: return isCopy ? .none : condition
    case .ignored: return .none
    case .refused(let error):
      if condition != .none { throw error }
      return condition
    }
  }

  private func supported(source version: ETag?) -> ETag? {
    if case .ignored = conditions { return nil }
    return version
  }

  /// Every call so far, in the order of their beginning.
  package var calls: [StoreCall] {
    state.withLock { $0.calls }
  }

  /// Those of one operation but for a probe's, which are made whenever there is time for them.
  package func calls(_ operation: StoreOperation) -> [StoreCall] {
    calls.filter { $0.operation == operation && !$0.isOfProbe }
  }

  package func forgetCalls() {
    state.withLock { $0.calls = [] }
  }

  private func begin(_ call: StoreCall) throws(ObjectStoreError) -> StoreFault? {
    let (outage, fault) = state.withLock { state -> (ObjectStoreError?, StoreFault?) in
      state.calls.append(call)
      if let outage = state.outage { return (outage, nil) }
      let index = state.rules.firstIndex {
        $0.operation == call.operation && ($0.key.map { $0 == call.key } ?? !call.isOfProbe)
      }
      guard let index else { return (nil, nil) }
      state.rules[index].times -= 1
      let fault = state.rules[index].fault
      if state.rules[index].times <= 0 { state.rules.remove(at: index) }
      return (nil, fault)
    }
    if let outage { throw outage }
    return fault
  }

  /// A fault of the answer waits for a call that gets one: not for that of a file that was changed
  /// while it was sent.
  private func putBack(_ fault: StoreFault?, _ call: StoreCall) {
    switch fault {
    case .loseAnswer, .holdAnswer:
      guard let fault else { return }
      let rule = Rule(operation: call.operation, key: call.key, fault: fault, times: 1)
      state.withLock { $0.rules.insert(rule, at: 0) }
    case .fail, .hold, .holdThenFail, .cutBody, .holdBody, nil: break
    }
  }

  private func perform<Answer: Sendable>(
    _ call: StoreCall, _ effect: () async throws(ObjectStoreError) -> Answer
  ) async throws(ObjectStoreError) -> (answer: Answer, fault: StoreFault?) {
    let fault = try begin(call)
    switch fault {
    case .fail(let error):
      throw error
    case .hold(let gate):
      try await gate.pass()
    case .holdThenFail(let gate, let error):
      try await gate.pass()
      throw error
    case .loseAnswer, .holdAnswer, .cutBody, .holdBody, nil:
      break
    }
    let answer: Answer
    do throws(ObjectStoreError) {
      answer = try await effect()
    } catch {
      if error.kind == .cancelled { putBack(fault, call) }
      throw error
    }
    switch fault {
    case .loseAnswer(let error): throw error
    case .holdAnswer(let gate): try await gate.pass()
    case .fail, .hold, .holdThenFail, .cutBody, .holdBody, nil: break
    }
    return (answer, fault)
  }
}

// MARK: - ObjectStore

extension FaultStore {
  package func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    let condition = ifMatch.map { WriteCondition.matches($0) }
    let call = StoreCall(.get, key, range: range, condition: condition)
    let (download, fault) = try await perform(call) { () async throws(ObjectStoreError) in
      try await base.get(key, range: range, ifMatch: ifMatch)
    }
    let body = FaultBody(download.body, fault)
    return ObjectDownload(info: download.info, range: download.range, body: body)
  }

  package func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    try await perform(StoreCall(.head, key)) { () async throws(ObjectStoreError) in
      try await base.head(key)
    }.answer
  }

  package func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    let call = StoreCall(.list, ObjectKey(request.prefix))
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.list(request)
    }.answer
  }

  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let call = StoreCall(
      .put, key, condition: condition, headers: headers, size: source.length)
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.put(key, source, headers: headers, condition: supported(condition))
    }.answer
  }

  package func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let call = StoreCall(.copy, target, condition: condition, headers: headers)
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.copy(
        from: source, sourceMatch: supported(source: sourceMatch), to: target, headers: headers,
        condition: supported(condition, isCopy: true))
    }.answer
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    _ = try await perform(StoreCall(.delete, key)) { () async throws(ObjectStoreError) in
      try await base.delete(key)
    }
  }

  package func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    let call = StoreCall(.delete, key, condition: .matches(ifMatch))
    _ = try await perform(call) { () async throws(ObjectStoreError) in
      guard checksDeletes, case .matches(let etag) = try supported(.matches(ifMatch)) else {
        return try await base.delete(key)
      }
      try await base.delete(key, ifMatch: etag)
    }
  }

  package func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    let call = StoreCall(.deleteBatch, keys.first ?? ObjectKey(""))
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.delete(keys)
    }.answer
  }

  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    let call = StoreCall(.createUpload, key, headers: headers)
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.createUpload(key, headers: headers)
    }.answer
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    let call = StoreCall(.uploadPart, key, partNumber: number, size: source.length)
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.uploadPart(key, upload, number: number, source)
    }.answer
  }

  package func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    let call = StoreCall(.copyPart, key, range: range, partNumber: number)
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.copyPart(
        from: source, sourceMatch: sourceMatch, range: range, to: key, upload, number: number)
    }.answer
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    let call = StoreCall(.completeUpload, key, condition: condition)
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.completeUpload(key, upload, parts: parts, condition: supported(condition))
    }.answer
  }

  package func abortUpload(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) {
    _ = try await perform(StoreCall(.abortUpload, key)) { () async throws(ObjectStoreError) in
      try await base.abortUpload(key, upload)
    }
  }

  package func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    let call = StoreCall(.listUploads, ObjectKey(prefix))
    return try await perform(call) { () async throws(ObjectStoreError) in
      try await base.listUploads(prefix: prefix)
    }.answer
  }

  package func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    try await perform(StoreCall(.listParts, key)) { () async throws(ObjectStoreError) in
      try await base.listParts(key, upload)
    }.answer
  }
}
