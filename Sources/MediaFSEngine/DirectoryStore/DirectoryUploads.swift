import Glibc
package import ObjectStorage
import SystemPackage

extension DirectoryObjectStore {
  private var uploads: StoreUploads { StoreUploads(root: tree.root) }

  package func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID {
    try key.validate()
    try headers.validate()
    let id = UploadID(unique())
    var temporary = try makeTemporary()
    try onDisk("begin an upload") { () throws(Errno) in
      try uploads.create(id, key, headers, through: &temporary)
    }
    return id
  }

  package func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart {
    try limits.validate(partNumber: number, size: source.length)
    let held = try find(key, upload)
    var temporary = try makeTemporary()
    try write(source, to: &temporary)
    return try add(&temporary, to: held, number: number, size: source.length)
  }

  package func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart {
    let size = range.upperBound - range.lowerBound
    try limits.validate(partNumber: number, size: size)
    let held = try find(key, upload)
    let object = try existing(source, matching: sourceMatch)
    guard !range.isEmpty, range.clamped(to: 0..<object.record.size) == range else {
      throw .invalidRange(range)
    }
    var temporary = try makeTemporary()
    try copy(object.file, range, to: &temporary)
    return try add(&temporary, to: held, number: number, size: size)
  }

  package func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag {
    try ObjectStoreError.throwIfCancelled()
    if let earlier = try tree.open(key), earlier.record.upload == upload {
      return earlier.record.etag
    }
    let held = try find(key, upload)
    let stored = try onDisk("read an upload") { () throws(Errno) in try uploads.parts(of: held) }
    var chosen: [UploadedPart] = []
    for part in parts {
      guard let known = stored.first(where: { $0.number == part.number && $0.etag == part.etag })
      else { throw .invalid("InvalidPart", "part \(part.number) is not what was uploaded") }
      chosen.append(known)
    }
    try limits.validate(completing: chosen)
    var temporary = try makeTemporary()
    for part in chosen {
      let path = held.path + [StoreUploads.partName(part.number, part.etag)]
      let file = try onDisk("read a part") { () throws(Errno) in
        try tree.root.open(path, O_RDONLY)
      }
      try copy(file, 0..<part.size, to: &temporary)
    }
    let etag = try commit(
      &temporary, to: key, headers: held.headers, condition: condition, upload: upload)
    try onDisk("end an upload") { () throws(Errno) in try uploads.remove(held) }
    return etag
  }

  package func abortUpload(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) {
    try ObjectStoreError.throwIfCancelled()
    try onDisk("end an upload") { () throws(Errno) in
      guard let held = try uploads.find(upload), held.key == key else { return }
      try uploads.remove(held)
    }
  }

  package func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload] {
    try ObjectStoreError.throwIfCancelled()
    try tree.verifyPresence()
    return try onDisk("list uploads") { () throws(Errno) in try uploads.all() }
      .filter { $0.key.hasPrefix(prefix) }
      .map { UnfinishedUpload(key: $0.key, upload: $0.id, initiated: $0.initiated) }
      .sorted { ($0.key, $0.initiated) < ($1.key, $1.initiated) }
  }

  package func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart] {
    let held = try find(key, upload)
    return try onDisk("read an upload") { () throws(Errno) in try uploads.parts(of: held) }
  }

  private func find(
    _ key: ObjectKey, _ upload: UploadID
  ) throws(ObjectStoreError) -> StoreUploads.Upload {
    try ObjectStoreError.throwIfCancelled()
    let held = try onDisk("read an upload") { () throws(Errno) in try uploads.find(upload) }
    guard let held, held.key == key else {
      try tree.verifyPresence()
      throw .noSuchUpload(upload)
    }
    return held
  }

  private func add(
    _ temporary: inout StoreTemporary, to upload: StoreUploads.Upload, number: Int, size: Int64
  ) throws(ObjectStoreError) -> UploadedPart {
    let part = UploadedPart(number: number, etag: ETag(unique()), size: size)
    do throws(Errno) {
      try uploads.add(part, to: upload, through: &temporary)
    } catch {
      throw error == .noSuchFileOrDirectory
        ? .noSuchUpload(upload.id) : ObjectStoreError(error, "write a part")
    }
    return part
  }
}
