import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Parts of a file that go up while it is still being written.
///
/// The content file stays the truth: what changes after it was sent is sent again. A daemon knows
/// of each part whether that has happened (``PartsAhead``). The next one does not, so it compares
/// what was sent with what is here, by the checksums in the journal.
extension Uploader {
  /// Smaller files go up when they are done.
  var smallestAhead: Int64 { min(Self.multipartThreshold, context.store.limits.putSize) }

  /// Whether an object can get the attributes of its end by a copy onto itself. What is in an
  /// archive cannot be copied, and in other classes a copy is paid for like a deletion.
  func mayChangeAttributes(ofSize size: Int64) -> Bool {
    guard [nil, "STANDARD"].contains(context.options.storageClass) else { return false }
    return size <= context.store.limits.putSize || context.copiesParts.withLock { $0 }
  }

  /// Sends what is whole and at rest since the look before.
  ///
  /// - Parameter job: its headers are those of an unfinished state.
  func sendAhead(_ job: Job) async throws(ObjectStoreError) {
    let partSize = UploadLayout.partSize(
      of: 0, context.options.uploadPartSize ?? Self.defaultPartSize, context.store.limits)
    let size = job.content.size
    let longest = partSize * Int64(context.store.limits.partCount)
    guard size <= longest, mayChangeAttributes(ofSize: size) else { return }
    let known = try? context.catalog.upload(of: job.record.number)
    var upload: UploadRecord?
    if let known, known.record.key == job.key,
      UploadLayout.partSize(ahead: known.record.layout) == partSize,
      try await partsAhead(of: known.record, known.parts, partSize, for: job) != nil
    {
      upload = known.record
    }
    let due = try look(at: job.content, partSize: partSize, of: upload)
    guard !due.isEmpty else { return }
    let record: UploadRecord
    if let upload {
      record = upload
    } else {
      record = try await begin(job, layout: UploadLayout.aheadText(partSize: partSize))
      job.content.state.withLock { $0.parts?.upload = record.upload }
      // A power cut would leave parts that nobody knows of.
      try conditions.mapping { try context.catalog.synchronize() }
    }
    do throws(ObjectStoreError) {
      _ = try await send(due, job, record)
    } catch {
      if Task.isCancelled { throw error }
      abandon(record, of: job, after: error)
      // Looked at again with the others.
      if error.code != ObjectStoreError.LocalCode.changed { throw error }
    }
  }

  private func look(
    at content: FileContent, partSize: Int64, of upload: UploadRecord?
  ) throws(ObjectStoreError) -> [(number: Int, part: UploadLayout.Part)] {
    let data: [Range<Int64>]
    do throws(Errno) {
      data = try content.file.dataExtents(in: 0..<content.size)
    } catch {
      throw ObjectStoreError(
        .unavailable, code: ObjectStoreError.LocalCode.cacheDisk,
        message: "The cache disk failed: \(error)")
    }
    return content.state.withLock { state in
      // What was sent at another key, or in another upload, is nothing here.
      var parts = state.parts ?? PartsAhead(partSize: partSize)
      if parts.partSize != partSize || parts.upload != upload?.upload {
        parts = PartsAhead(partSize: partSize)
      }
      let due = parts.look(size: state.lifecycle.size, data: ByteRangeSet(data))
      state.parts = parts
      return due.map { ($0, UploadLayout.Part(parts.range(of: $0), .content)) }
    }
  }

  /// The parts that the store has and that are still the file's; `nil` when it does not know the
  /// upload any more.
  func partsAhead(
    of record: UploadRecord, _ recorded: [UploadedPart], _ partSize: Int64, for job: Job
  ) async throws(ObjectStoreError) -> [UploadedPart]? {
    guard var held = try await heldParts(of: record, recorded) else { return nil }
    // An earlier attempt at a part may have reached the store behind a later one.
    let sent = Dictionary(recorded.map { ($0.number, $0.etag) }, uniquingKeysWith: { $1 })
    held.removeAll { sent[$0.number] != $0.etag }
    let isKnown = job.content.state.withLock { $0.parts?.upload == record.upload }
    if !isKnown { await compare(held, of: record, partSize, with: job) }
    let current = job.content.state.withLock { state in
      job.changes == nil || job.changes == state.lifecycle.changes ? state.parts?.current : nil
    }
    guard let current else { throw .changedMeanwhile }
    return held.filter { current.contains($0.number) }
  }

  /// Finds out which parts of an earlier daemon's upload are still the file's. Without a checksum
  /// that tells for sure none is.
  private func compare(
    _ held: [UploadedPart], of record: UploadRecord, _ partSize: Int64, with job: Job
  ) async {
    job.content.state.withLock {
      $0.parts = PartsAhead(upload: record.upload, partSize: partSize)
    }
    job.content.beginParts { parts in
      for part in held { parts.begin(part.number) }
    }
    for part in held {
      let start = Int64(part.number - 1) * partSize
      let source = ContentSource(
        content: job.content, range: start..<start + part.size, scope: .part(part.number),
        sums: job.sums)
      if await !source.agrees(with: part.checksum) {
        job.content.state.withLock { $0.parts?.failed(part.number) }
      }
    }
  }
}

extension FileContent {
  /// Parts are about to be read. No change is half done meanwhile, announced and not in the file
  /// yet: who reads then would have the bytes before it, and never hear of it.
  func beginParts(_ body: (inout PartsAhead) -> Void) {
    changing.withLock { _ in
      state.withLock { state in
        guard var parts = state.parts else { return }
        body(&parts)
        state.parts = parts
      }
    }
  }
}

extension ContentSource {
  private static let pieceSize: Int64 = 1 << 20

  /// 32 bits are enough to find an accident of a network, not to know two contents for the same.
  fileprivate func agrees(with checksum: ObjectChecksum?) async -> Bool {
    guard let checksum, checksum.algorithm == .crc64nvme else { return false }
    var own = Checksum(checksum.algorithm)
    for start in stride(from: 0, to: length, by: Int64.Stride(Self.pieceSize)) {
      let count = Int(min(Self.pieceSize, length - start))
      guard !Task.isCancelled, let piece = try? read(at: start, count: count) else { return false }
      own.update(piece)
      await Task.yield()
    }
    return own.result == checksum
  }
}
