import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization

/// Sends the content of one file: whole, or in parts whose progress is journaled.
struct Uploader: Sendable {
  /// Objects above this go up in parts: what a broken connection costs, and what a resumed upload
  /// saves, is worth the two extra requests from here on.
  static let multipartThreshold: Int64 = 32 << 20
  static let defaultPartSize: Int64 = 16 << 20
  /// Parts of one file on their way at once; files go up in parallel too.
  private static let parallelParts = 8

  /// What damage the store's own assembling of parts makes is over by then.
  private static let damageLimit = 3

  let context: VolumeContext
  let conditions: WriteConditions

  /// What is to be sent, and what must not have changed until it is there.
  struct Job: Sendable {
    var record: InodeRecord
    var content: FileContent
    var key: ObjectKey
    var headers: ObjectHeaders
    var condition: WriteCondition
    /// The count of changes when it began; `nil` while the file is still being written.
    var changes: UInt64?
    /// `nil`: in one piece.
    var layout: UploadLayout?
    /// Of what is sent, if somebody wants to know.
    var sums: SentSums?

    /// - Parameter number: of the part that it is.
    func source(_ range: Range<Int64>, ofPart number: Int = 1) -> ContentSource {
      let scope = changes.map { ContentSource.Scope.file(changes: $0) } ?? .part(number)
      return ContentSource(content: content, range: range, scope: scope, sums: sums)
    }
  }

  /// What the store has now.
  struct Uploaded: Sendable {
    var object: StoredObject
    /// That of the job, or of the earlier one whose upload was resumed.
    var metadata: [String: String]
  }

  func upload(_ job: Job) async throws(ObjectStoreError) -> Uploaded {
    let size = job.record.size
    // Parts too: after a power cut an upload goes on with those that the store has.
    try synchronize(job)
    let (etag, metadata): (ETag, [String: String])
    if let layout = job.layout {
      let head = try await uploadParts(job, layout.parts)
      (etag, metadata) = (head.etag, head.headers.metadata)
    } else {
      etag = try await context.store.put(
        job.key, job.source(0..<size), headers: job.headers,
        condition: try await conditions.enforced(job.condition, at: job.key, by: .put))
      metadata = job.headers.metadata
    }
    context.statistics.uploads.add(1)
    return Uploaded(
      object: StoredObject(key: job.key, etag: etag, size: size), metadata: metadata)
  }

  /// An object has nothing that a power cut takes from here.
  private func synchronize(_ job: Job) throws(ObjectStoreError) {
    do throws(FileSystemError) {
      try job.content.synchronizeToSend(context.catalog, context.disk)
    } catch {
      throw ObjectStoreError(
        .unavailable, code: ObjectStoreError.LocalCode.content, message: "\(error)")
    }
  }

  /// What became of one upload in parts.
  private enum Made {
    case object(ObjectInfo)
    /// An object of other bytes, by its checksum.
    case damaged(ETag)
  }

  private func uploadParts(
    _ job: Job, _ layout: [UploadLayout.Part]
  ) async throws(ObjectStoreError) -> ObjectInfo {
    var job = job
    for _ in 1...Self.damageLimit {
      switch try await uploadOnce(job, layout) {
      case .object(let info): return info
      case .damaged(let etag):
        context.log.error("\(job.key) has other bytes in the store than were sent: sent again")
        // What was to be copied may be what was replaced.
        guard layout.allSatisfy({ $0.origin == .content }) else { throw notVerified(job, "them") }
        // The damaged bytes are replaced, and nothing else is.
        if job.condition != .none { job.condition = .matches(etag) }
      }
    }
    throw notVerified(job, "them \(Self.damageLimit) times")
  }

  private func notVerified(_ job: Job, _ what: String) -> ObjectStoreError {
    ObjectStoreError(
      .unavailable, code: "NotVerified",
      message: "\(job.key) has other bytes than were sent, after the store took \(what)")
  }

  private func uploadOnce(
    _ job: Job, _ layout: [UploadLayout.Part]
  ) async throws(ObjectStoreError) -> Made {
    let (upload, sent) = try await resumeOrBegin(job)
    let held = Dictionary(sent.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
    let missing = layout.indices.filter { held[$0 + 1]?.size != Int64(layout[$0].range.count) }
    var parts = held
    do throws(ObjectStoreError) {
      let lacking = missing.map { (number: $0 + 1, part: layout[$0]) }
      for part in try await send(lacking, job, upload) { parts[part.number] = part }
      try job.content.checkIsWanted()
      try await checkBase(of: job)
      let all = layout.indices.compactMap { parts[$0 + 1] }
      let etag = try await context.store.completeUpload(
        job.key, upload.upload, parts: all,
        condition: try await conditions.enforced(job.condition, at: job.key, by: .completion))
      let info = try await verify(job, etag)
      try? context.catalog.endUpload(of: job.record.number)
      job.content.state.withLock { $0.parts = nil }
      // Of an ETag that is made of parts nothing follows for the bytes.
      if let whole = ObjectChecksum.whole(of: all), let stored = info.checksum,
        stored.algorithm == whole.algorithm, stored != whole
      {
        return .damaged(etag)
      }
      return .object(info)
    } catch {
      // The daemon ends: the next one goes on with the parts that are there.
      if Task.isCancelled { throw error }
      abandon(upload, of: job, after: error)
      throw error
    }
  }

  /// An upload that cannot be gone on with is begun anew next time: it is gone, or its parts are
  /// others, or not of one version. Of what was sent ahead each part counts by itself.
  func abandon(_ upload: UploadRecord, of job: Job, after error: ObjectStoreError) {
    let isOver =
      switch error.kind {
      case .notFound, .preconditionFailed: true
      case .cancelled: !upload.isAhead || error.code != ObjectStoreError.LocalCode.changed
      default: error.code == ObjectStoreError.otherPartsCode
      }
    guard isOver else { return }
    try? context.catalog.abandonUpload(of: job.record.number)
    job.content.state.withLock { $0.parts = nil }
  }

  /// What was copied of the object is of one version. There are stores that look at the version for
  /// CopyObject and not for UploadPartCopy, so it is looked at here, when all has been copied.
  private func checkBase(of job: Job) async throws(ObjectStoreError) {
    guard let object = job.record.object,
      job.layout?.parts.contains(where: { $0.origin == .object }) == true
    else { return }
    guard try await context.store.head(object.key).etag == object.etag else {
      throw ObjectStoreError(
        .preconditionFailed, code: "PreconditionFailed",
        message: "\(object.key) became another version while it was copied")
    }
  }

  /// An answer can be lost and an upload resumed: what is there must be what was sent.
  private func verify(_ job: Job, _ etag: ETag) async throws(ObjectStoreError) -> ObjectInfo {
    let head = try await context.store.head(job.key)
    guard head.size == job.record.size, head.etag == etag else {
      throw ObjectStoreError(
        .unavailable, code: "NotVerified",
        message: "\(job.key) has \(head.size) bytes, \(job.record.size) were sent")
    }
    return head
  }

  private func resumeOrBegin(
    _ job: Job
  ) async throws(ObjectStoreError) -> (UploadRecord, [UploadedPart]) {
    if let known = try? context.catalog.upload(of: job.record.number), known.record.key == job.key,
      let held = try await heldParts(of: known.record, known.parts, for: job)
    {
      return (known.record, held)
    }
    job.content.state.withLock { $0.parts = nil }
    return (try await begin(job, layout: job.layout?.text ?? ""), [])
  }

  /// Those that the job need not send any more; `nil` when it cannot go on with that upload.
  private func heldParts(
    of record: UploadRecord, _ recorded: [UploadedPart], for job: Job
  ) async throws(ObjectStoreError) -> [UploadedPart]? {
    if let partSize = UploadLayout.partSize(ahead: record.layout) {
      return job.layout?.partSize == partSize && mayChangeAttributes(ofSize: job.record.size)
        ? try await partsAhead(of: record, recorded, partSize, for: job) : nil
    }
    guard record.version == job.record.version,
      record.layout.utf8.elementsEqual((job.layout?.text ?? "").utf8)
    else { return nil }
    return try await heldParts(of: record, recorded)
  }

  /// - Parameter layout: what its parts are.
  func begin(_ job: Job, layout: String) async throws(ObjectStoreError) -> UploadRecord {
    let isOnlyOne: Bool
    do throws(CatalogError) {
      isOnlyOne = try context.catalog.willBeginUpload(of: job.record.number, at: job.key)
    } catch {
      throw .catalog(error)
    }
    let id = try await context.store.createUpload(job.key, headers: job.headers)
    let record = UploadRecord(
      inode: job.record.number, key: job.key, upload: id, version: job.record.version,
      layout: layout)
    let isWanted: Bool
    do throws(CatalogError) {
      isWanted = try context.catalog.begin(record, isOnlyOne: isOnlyOne)
    } catch {
      throw .catalog(error)
    }
    guard isWanted else { throw .fileDeleted }
    return record
  }

  /// The parts that the store really has, with the checksums they were sent with; `nil` when it
  /// does not know the upload any more.
  func heldParts(
    of record: UploadRecord, _ recorded: [UploadedPart]
  ) async throws(ObjectStoreError) -> [UploadedPart]? {
    let sent = Dictionary(recorded.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
    do throws(ObjectStoreError) {
      return try await context.store.listParts(record.key, record.upload).map { held in
        var held = held
        // Where it was not recorded, the end of the upload goes without.
        let own = sent[held.number]
        held.checksum = own?.etag == held.etag && own?.size == held.size ? own?.checksum : nil
        return held
      }
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  /// The parts of an upload, by their numbers.
  func send(
    _ parts: [(number: Int, part: UploadLayout.Part)], _ job: Job, _ upload: UploadRecord
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    let outcomes = await withTaskGroup(of: Result<UploadedPart, ObjectStoreError>.self) { group in
      var outcomes: [Result<UploadedPart, ObjectStoreError>] = []
      var rest = parts[...]
      for (number, part) in rest.prefix(Self.parallelParts) {
        group.addTask { await send(number, part, job, upload) }
      }
      rest = rest.dropFirst(Self.parallelParts)
      while let outcome = await group.next() {
        outcomes.append(outcome)
        if case .failure = outcome {
          group.cancelAll()
        } else if let (number, part) = rest.popFirst() {
          group.addTask { await send(number, part, job, upload) }
        }
      }
      return outcomes
    }
    // The first failure is the cause, the others were cancelled by it.
    return try outcomes.map { outcome throws(ObjectStoreError) in try outcome.get() }
  }

  private func send(
    _ number: Int, _ part: UploadLayout.Part, _ job: Job, _ upload: UploadRecord
  ) async -> Result<UploadedPart, ObjectStoreError> {
    if upload.isAhead { job.content.beginParts { $0.begin(number) } }
    do throws(ObjectStoreError) {
      let sent = try await self.part(number, part, job, upload)
      do throws(CatalogError) {
        try context.catalog.record(sent, of: upload)
      } catch {
        job.content.state.withLock { $0.parts?.failed(number) }
        context.log.warning("Part \(number) was not recorded: \(error)")
      }
      return .success(sent)
    } catch {
      job.content.state.withLock { $0.parts?.failed(number) }
      return .failure(error)
    }
  }

  private func part(
    _ number: Int, _ part: UploadLayout.Part, _ job: Job, _ upload: UploadRecord
  ) async throws(ObjectStoreError) -> UploadedPart {
    try job.content.checkIsWanted()
    switch part.origin {
    case .content:
      return try await context.store.uploadPart(
        job.key, upload.upload, number: number, job.source(part.range, ofPart: number))
    case .object:
      guard let object = job.record.object else {
        throw ObjectStoreError(.cancelled, code: "NoObject", message: "There is nothing to copy")
      }
      do throws(ObjectStoreError) {
        var copied = try await context.store.copyPart(
          from: object.key, sourceMatch: object.etag, range: part.range, to: job.key,
          upload.upload, number: number)
        copied.size = Int64(part.range.count)
        return copied
      } catch {
        guard context.refusesPartCopies(error) else { throw error }
        // From now on everything is sent, this file too.
        throw ObjectStoreError(
          .cancelled, code: "NoCopy", message: "The file is sent without copies")
      }
    }
  }

  /// How a file goes up: `nil` in one piece.
  ///
  /// - Parameter unchanged: what the store may copy from the file's object, if anything.
  func layout(of size: Int64, unchanged: ByteRangeSet?, isLocal: Bool) -> UploadLayout? {
    let limits = context.store.limits
    let partSize = context.options.uploadPartSize ?? Self.defaultPartSize
    let isSmall = size <= min(Self.multipartThreshold, limits.putSize)
    // In parts a small file costs requests, but not the bytes that would have to be fetched first.
    if let unchanged, !isSmall || !isLocal,
      let delta = UploadLayout.delta(
        size: size, unchanged: unchanged, partSize: partSize, limits: limits)
    {
      return delta
    }
    return isSmall ? nil : .whole(size: size, partSize: partSize, limits: limits)
  }
}
