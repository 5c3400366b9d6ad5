import MediaFSEngine
package import ObjectStorage
import Synchronization

extension MemoryObjectStore {
  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    try ObjectStoreError.throwIfCancelled()
    try key.validate()
    try headers.validate()
    return state.withLock { state in
      let upload = UploadID("upload-\(state.nextSerial())")
      state.uploads[upload] = Upload(key: key, headers: headers, initiated: state.now)
      return upload
    }
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    try ObjectStoreError.throwIfCancelled()
    try limits.validate(partNumber: number, size: source.length)
    let bytes = try source.read(at: 0, count: Int(source.length))
    return try state.withLock { state throws(ObjectStoreError) in
      try state.storePart(bytes, key, upload, number)
    }
  }

  package func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    try ObjectStoreError.throwIfCancelled()
    try limits.validate(partNumber: number, size: range.upperBound - range.lowerBound)
    return try state.withLock { state throws(ObjectStoreError) in
      let object = try state.object(source, matching: sourceMatch)
      guard !range.isEmpty, range.clamped(to: 0..<object.info.size) == range else {
        throw .invalidRange(range)
      }
      let bytes = Array(object.bytes[Int(range.lowerBound)..<Int(range.upperBound)])
      return try state.storePart(bytes, key, upload, number)
    }
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try ObjectStoreError.throwIfCancelled()
    return try state.withLock { state throws(ObjectStoreError) in
      if let earlier = state.completed[upload], earlier.key == key { return earlier.etag }
      let held = try state.upload(key, upload)
      var bytes: [UInt8] = []
      var stored: [UploadedPart] = []
      for part in parts {
        guard let (known, content) = held.parts[part.number], known.etag == part.etag else {
          throw .invalid("InvalidPart", "part \(part.number) is not what was uploaded")
        }
        bytes += content
        stored.append(known)
      }
      try limits.validate(completing: stored)
      try state.check(condition, key)
      let etag = state.store(key, bytes, held.headers, etag: state.uniqueTag())
      state.uploads[upload] = nil
      state.completed[upload] = (key, etag)
      return etag
    }
  }

  package func abortUpload(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) {
    try ObjectStoreError.throwIfCancelled()
    state.withLock { state in
      if state.uploads[upload]?.key == key { state.uploads[upload] = nil }
    }
  }

  package func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    try ObjectStoreError.throwIfCancelled()
    let uploads = state.withLock { state in
      state.uploads.filter { $0.value.key.hasPrefix(prefix) }.map {
        UnfinishedUpload(key: $0.value.key, upload: $0.key, initiated: $0.value.initiated)
      }
    }
    return uploads.sorted { ($0.key, $0.initiated) < ($1.key, $1.initiated) }
  }

  package func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    try ObjectStoreError.throwIfCancelled()
    let parts = try state.withLock { state throws(ObjectStoreError) in
      try state.upload(key, upload).parts.values.map(\.part)
    }
    return parts.sorted { $0.number < $1.number }
  }
}

extension MemoryObjectStore.State {
  func upload(
    _ key: ObjectKey, _ upload: UploadID
  ) throws(ObjectStoreError) -> MemoryObjectStore.Upload {
    guard let held = uploads[upload], held.key == key else { throw .noSuchUpload(upload) }
    return held
  }

  mutating func storePart(
    _ bytes: [UInt8], _ key: ObjectKey, _ upload: UploadID, _ number: Int
  ) throws(ObjectStoreError) -> UploadedPart {
    var held = try self.upload(key, upload)
    let part = UploadedPart(number: number, etag: uniqueTag(), size: Int64(bytes.count))
    held.parts[number] = (part, bytes)
    uploads[upload] = held
    return part
  }
}
