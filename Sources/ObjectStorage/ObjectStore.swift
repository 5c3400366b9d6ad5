/// A bucket, or whatever else keeps whole objects under keys.
///
/// Every call either did what it says or throws; a call that throws `unavailable` may have taken
/// effect (the answer can be lost), which is why writes carry a ``WriteCondition``. Objects are
/// replaced atomically: a reader sees the old bytes or the new ones. Implementations retry
/// transient failures themselves for a bounded time; callers retry for ever, if they want to.
///
/// Calls run on the caller's executor, which must be one that may block: an ``ObjectSource`` is
/// read there.
package protocol ObjectStore: Sendable {
  /// Starts reading an object (S3 GetObject). Status, length, range and ETag of the answer have
  /// been checked when this returns; the bytes follow from ``ObjectDownload/body``.
  ///
  /// - Parameters:
  ///   - range: the bytes wanted; `nil` for all of them. Never empty. What of it lies behind the
  ///     end of the object is left out; one that begins there is `invalid`.
  ///   - ifMatch: fails with `preconditionFailed` when the object is another version.
  func get(
    _ key: ObjectKey, range: Range<Int64>?, ifMatch: ETag?
  ) async throws(ObjectStoreError) -> ObjectDownload

  /// The attributes of an object (S3 HeadObject).
  func head(_ key: ObjectKey) async throws(ObjectStoreError) -> ObjectInfo

  /// One page of a listing (S3 ListObjectsV2).
  func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage

  /// Writes a whole object (S3 PutObject).
  func put(
    _ key: ObjectKey, _ source: any ObjectSource, headers: ObjectHeaders, condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag

  /// Copies an object within the store (S3 CopyObject, or part by part where it is too large).
  ///
  /// - Parameters:
  ///   - sourceMatch: the version of the source that is meant.
  ///   - headers: replace all headers and metadata of the source; `nil` keeps them.
  func copy(
    from source: ObjectKey, sourceMatch: ETag?, to target: ObjectKey, headers: ObjectHeaders?,
    condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag

  /// Deletes an object; deleting what does not exist succeeds (S3 DeleteObject).
  func delete(_ key: ObjectKey) async throws(ObjectStoreError)

  /// Deletes an object if it is the version that is meant (S3 DeleteObject with `If-Match`).
  /// Another version is `preconditionFailed`, and stays; where nothing is, `notFound`.
  func delete(_ key: ObjectKey, ifMatch: ETag) async throws(ObjectStoreError)

  /// Deletes up to 1,000 objects in one request (S3 DeleteObjects). The answer holds the keys
  /// that could not be deleted, each with its error; all others are gone.
  func delete(
    _ keys: [ObjectKey]
  ) async throws(ObjectStoreError) -> [ObjectKey: ObjectStoreError]

  /// Begins a multipart upload (S3 CreateMultipartUpload).
  func createUpload(
    _ key: ObjectKey, headers: ObjectHeaders
  ) async throws(ObjectStoreError) -> UploadID

  /// Sends one part (S3 UploadPart). `number` is 1 to 10,000; the same number replaces.
  func uploadPart(
    _ key: ObjectKey, _ upload: UploadID, number: Int, _ source: any ObjectSource
  ) async throws(ObjectStoreError) -> UploadedPart

  /// Makes a part from a range of an existing object (S3 UploadPartCopy).
  func copyPart(
    from source: ObjectKey, sourceMatch: ETag?, range: Range<Int64>, to key: ObjectKey,
    _ upload: UploadID, number: Int
  ) async throws(ObjectStoreError) -> UploadedPart

  /// Makes the object from its parts, in the order of their numbers (S3
  /// CompleteMultipartUpload). The answer's body has been read: a 200 may carry an error.
  func completeUpload(
    _ key: ObjectKey, _ upload: UploadID, parts: [UploadedPart], condition: WriteCondition
  ) async throws(ObjectStoreError) -> ETag

  /// Gives up a multipart upload and frees its parts; one that does not exist is no error
  /// (S3 AbortMultipartUpload).
  func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws(ObjectStoreError)

  /// All unfinished multipart uploads beneath a prefix (S3 ListMultipartUploads).
  func listUploads(prefix: String) async throws(ObjectStoreError) -> [UnfinishedUpload]

  /// All parts that a multipart upload holds (S3 ListParts).
  func listParts(
    _ key: ObjectKey, _ upload: UploadID
  ) async throws(ObjectStoreError) -> [UploadedPart]

  /// The checksums that writes may carry, best first, as configured.
  var checksums: [ChecksumAlgorithm] { get }

  /// Whether the store refuses bytes that are not those of their checksum, takes others, and names
  /// the checksum then. Writes an object at `key` to find out.
  func verifies(
    _ algorithm: ChecksumAlgorithm, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool

  /// What writes carry, and what is asked for with objects, from now on; `nil` where the store
  /// verifies none. An upload in parts goes on with what it began with.
  func use(_ checksum: ChecksumAlgorithm?)

  /// What this store cannot do as AWS does it. Static facts of the implementation and its
  /// configuration; what must be found out by trying is ``StoreProbe``'s task.
  var limits: StoreLimits { get }

  /// Requests sent so far, by S3 operation name; empty where none are counted.
  var requestCounts: [String: Int] { get }
}

extension ObjectStore {
  package var requestCounts: [String: Int] { [:] }

  // Stores that lose no byte on a wire have none.
  package var checksums: [ChecksumAlgorithm] { [] }

  package func verifies(
    _ algorithm: ChecksumAlgorithm, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool { false }

  package func use(_ checksum: ChecksumAlgorithm?) {}
}

/// What must hold of the key for a write to take effect.
package enum WriteCondition: Sendable, Hashable {
  case none
  /// Only if the object is this version (`If-Match`).
  case matches(ETag)
  /// Only if there is no object (`If-None-Match: *`).
  case absent
}

/// Sizes that a store accepts.
package struct StoreLimits: Sendable, Hashable {
  /// Largest object of one ``ObjectStore/put(_:_:headers:condition:)``, in bytes.
  package var putSize: Int64
  /// Smallest part but for the last, in bytes.
  package var minimumPartSize: Int64
  /// Largest part, in bytes.
  package var maximumPartSize: Int64
  package var partCount: Int
  package var objectSize: Int64

  package init(
    putSize: Int64, minimumPartSize: Int64, maximumPartSize: Int64, partCount: Int,
    objectSize: Int64
  ) {
    self.putSize = putSize
    self.minimumPartSize = minimumPartSize
    self.maximumPartSize = maximumPartSize
    self.partCount = partCount
    self.objectSize = objectSize
  }

  /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
  package static let s3 = StoreLimits(
    putSize: 5 << 30, minimumPartSize: 5 << 20, maximumPartSize: 5 << 30, partCount: 10_000,
    objectSize: 5 << 40)
}
