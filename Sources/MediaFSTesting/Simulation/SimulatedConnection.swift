import MediaFSEngine
package import ObjectStorage

/// The store as one process sees it: calls end with the process, wherever they are.
package struct SimulatedConnection: ObjectStore {
  private let network: SimulatedNetwork
  private let life: Life

  package init(_ network: SimulatedNetwork, for life: Life) {
    self.network = network
    self.life = life
  }

  package var limits: StoreLimits { network.store.limits }

  /// Most calls take no time that matters; some wait long enough for anything to happen.
  private func pause() async {
    let milliseconds: Int
    switch network.simulation.random(in: 0...9) {
    case 0...3: return
    case 4...8: milliseconds = network.simulation.random(in: 1...100)
    default: milliseconds = network.simulation.random(in: 100...4_000)
    }
    await network.simulation.wait(.milliseconds(milliseconds), in: life)
  }

  func delay() async throws(ObjectStoreError) {
    await pause()
    guard !life.isOver else { throw .connectionLost }
    try ObjectStoreError.throwIfCancelled()
  }

  private func perform<Answer: Sendable>(
    _ key: ObjectKey, _ effect: () async throws(ObjectStoreError) -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    do throws(ObjectStoreError) {
      return try await answer(key, effect)
    } catch {
      throw network.told(error)
    }
  }

  private func answer<Answer: Sendable>(
    _ key: ObjectKey, _ effect: () async throws(ObjectStoreError) -> Answer
  ) async throws(ObjectStoreError) -> Answer {
    network.note(key)
    guard !life.isOver else { throw .connectionLost }
    await pause()
    // Who dies while a request is under way cannot call it back.
    if life.isOver, !network.takesLateRequests || network.simulation.happens(0.5) {
      throw .connectionLost
    }
    if network.fails({ $0.failures }) {
      throw network.simulation.happens(0.5) ? .slowDown : .serverError
    }
    let answer = try await effect()
    try await delay()
    if network.fails({ $0.lostAnswers }) { throw .connectionLost }
    return answer
  }

  private func supported(
    _ wanted: WriteCondition, at key: ObjectKey, isCopy: Bool = false
  ) throws(ObjectStoreError) -> WriteCondition {
    let condition = network.asked(key, wanted)
    switch network.conditions {
    case .checked: return condition
    case .ignoredOnCopies: return isCopy ? .none : condition
    case .ignored: return .none
    case .refused(let error):
      if condition != .none { throw error }
      return condition
    }
  }

  private func noteWrite(at key: ObjectKey) {
    network.noteStored(key)
    network.noteLook(at: key, in: life)
  }

  /// The bytes as they are read on their way out, in two pieces with time in between.
  private func sent(_ source: any ObjectSource) async throws(ObjectStoreError) -> BytesSource {
    let half = network.simulation.random(in: 0...source.length)
    var bytes = half > 0 ? try source.read(at: 0, count: Int(half)) : []
    try await delay()
    if half < source.length {
      bytes += try source.read(at: half, count: Int(source.length - half))
    }
    return BytesSource(bytes)
  }
}

// MARK: - ObjectStore

extension SimulatedConnection {
  package func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload {
    try await perform(key) { () async throws(ObjectStoreError) in
      let download = try await network.store.get(key, range: range, ifMatch: ifMatch)
      let body = SimulatedBody(download.body, network, self)
      return ObjectDownload(info: download.info, range: download.range, body: body)
    }
  }

  package func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo {
    try await perform(key) { () async throws(ObjectStoreError) in
      network.noteLook(at: key, in: life)
      return try await network.store.head(key)
    }
  }

  package func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    var request = request
    request.pageSize = min(request.pageSize, network.pageSize)
    let asked = request
    let page = try await perform(ObjectKey(request.prefix)) { () async throws(ObjectStoreError) in
      let page = try await network.store.list(asked)
      for object in page.objects { network.noteLook(at: object.key, in: life) }
      return page
    }
    network.notePage(page, of: asked, in: life)
    return page
  }

  package func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await perform(key) { () async throws(ObjectStoreError) in
      let bytes = try await sent(source)
      let etag = try await network.store.put(
        key, bytes, headers: headers, condition: supported(condition, at: key))
      noteWrite(at: key)
      return etag
    }
  }

  package func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await perform(target) { () async throws(ObjectStoreError) in
      network.noteLook(at: source, in: life)
      let etag = try await network.store.copy(
        from: source, sourceMatch: sourceMatch, to: target, headers: headers,
        condition: supported(condition, at: target, isCopy: true))
      noteWrite(at: target)
      return etag
    }
  }

  package func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
    try await perform(key) { () async throws(ObjectStoreError) in
      network.noteDeletion(of: key, in: life)
      return try await network.store.delete(key)
    }
  }

  package func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError) {
    try await perform(key) { () async throws(ObjectStoreError) in
      guard network.checksDeletes, network.asked(key, .matches(ifMatch)) != .none else {
        network.noteDeletion(of: key, in: life)
        return try await network.store.delete(key)
      }
      try await network.store.delete(key, ifMatch: ifMatch)
    }
  }

  package func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError] {
    for key in keys { network.note(key) }
    return try await perform(keys.first ?? ObjectKey("")) { () async throws(ObjectStoreError) in
      for key in keys { network.noteDeletion(of: key, in: life) }
      return try await network.store.delete(keys)
    }
  }

  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    try await perform(key) { () async throws(ObjectStoreError) in
      try await network.store.createUpload(key, headers: headers)
    }
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await perform(key) { () async throws(ObjectStoreError) in
      try await network.store.uploadPart(key, upload, number: number, sent(source))
    }
  }

  package func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await perform(key) { () async throws(ObjectStoreError) in
      try await network.store.copyPart(
        from: source, sourceMatch: sourceMatch, range: range, to: key, upload, number: number)
    }
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try await perform(key) { () async throws(ObjectStoreError) in
      let etag = try await network.store.completeUpload(
        key, upload, parts: parts, condition: supported(condition, at: key))
      noteWrite(at: key)
      return etag
    }
  }

  package func abortUpload(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) {
    try await perform(key) { () async throws(ObjectStoreError) in
      try await network.store.abortUpload(key, upload)
    }
  }

  package func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    try await perform(ObjectKey(prefix)) { () async throws(ObjectStoreError) in
      try await network.store.listUploads(prefix: prefix)
    }
  }

  package func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    try await perform(key) { () async throws(ObjectStoreError) in
      try await network.store.listParts(key, upload)
    }
  }
}

/// A body whose chunks take time, and may break off.
private final class SimulatedBody: ObjectBody {
  private let base: any ObjectBody
  private let network: SimulatedNetwork
  private let connection: SimulatedConnection

  init(_ base: any ObjectBody, _ network: SimulatedNetwork, _ connection: SimulatedConnection) {
    self.base = base
    self.network = network
    self.connection = connection
  }

  func next() async throws(ObjectStoreError) -> [UInt8]? {
    try await connection.delay()
    if network.fails({ $0.failures }) { throw .connectionLost }
    return try await base.next()
  }

  func cancel() {
    base.cancel()
  }
}
