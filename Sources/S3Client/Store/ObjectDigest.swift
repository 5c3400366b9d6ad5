import ObjectStorage
import Synchronization

/// What an ETag says of the bytes that were sent or came.
enum ETagVerdict: Sendable, Hashable {
  /// It is their MD5.
  case same
  /// It is another MD5, if it is one at all: of 16 bytes in hexadecimal digits.
  case different
  /// It is none: made of parts, of an object encrypted with keys of KMS or the customer, or of a
  /// store that has ETags of its own kind.
  case unknown

  /// - Parameters:
  ///   - md5: of the bytes of the whole object.
  ///   - headers: of the answer with the ETag, which tell whether the object is encrypted so that
  ///     its ETag is no MD5 (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
  init(_ etag: ETag, md5: [UInt8], headers: HTTPHeaders) {
    let encryption = headers["x-amz-server-side-encryption"] ?? ""
    let isOwn =
      encryption.utf8.starts(with: "aws:".utf8)
      || headers["x-amz-server-side-encryption-customer-algorithm"] != nil
    let digest = Hexadecimal.decode(etag.text)
    if !isOwn, digest == md5 {
      self = .same
    } else {
      self = isOwn || digest?.count != md5.count ? .unknown : .different
    }
  }
}

/// What a store's ETags are, as far as its answers told.
///
/// An ETag that is not the MD5 of the bytes is damage where ETags are MD5s, and nothing where they
/// are not: so they count only after one was seen that is. Lock: a leaf.
final class ETagKind: Sendable {
  private struct State {
    var areDigests = false
    /// Of whole objects whose ETag is another: by key, the MD5 of what came.
    var doubted: [ObjectKey: [UInt8]] = [:]
  }

  /// More objects are not doubted at a time; what is forgotten is fetched once more.
  private static let doubtLimit = 1_000

  private let state = Mutex(State())

  /// Whether a difference is damage.
  var areDigests: Bool { state.withLock { $0.areDigests } }

  /// The store has named the MD5 of bytes that it cannot know otherwise.
  func seenDigest() { state.withLock { $0.areDigests = true } }

  /// Whether bytes whose MD5 is not the ETag have to be fetched again. The same ones twice are
  /// what the store has: damage does not repeat itself.
  func doubts(_ key: ObjectKey, md5: [UInt8]) -> Bool {
    state.withLock { state in
      if state.doubted.removeValue(forKey: key) == md5 { return false }
      if state.doubted.count >= Self.doubtLimit { state.doubted.removeAll() }
      state.doubted[key] = md5
      return true
    }
  }
}

extension S3ObjectStore {
  /// Whole objects up to this size are looked through before a byte of them is handed out; of
  /// larger ones a reader wants the first bytes before the last have come. What is held back counts
  /// for each request under way; readers ask for the first MiB at once and so for all of a small
  /// object.
  static let heldSize: Int64 = 5 << 18

  /// The bytes of an object that is small and was asked for whole, compared with its
  /// checksum, which is always right, or its ETag.
  func heldBody(
    _ key: ObjectKey, _ head: DownloadHead, _ answer: S3Answer
  ) async throws(ObjectStoreError) -> any ObjectBody {
    let bytes = try await S3ObjectBody(answer, length: head.info.size).collect()
    if let checksum = head.info.checksum {
      guard Checksum.of(bytes, checksum.algorithm) == checksum else {
        throw answer.unusable("the bytes that came are not those of the checksum of \(key)")
      }
      return HeldBody(bytes)
    }
    let md5 = Digest.md5(bytes)
    switch ETagVerdict(head.info.etag, md5: md5, headers: answer.headers) {
    case .same: tags.seenDigest()
    case .unknown: break
    case .different:
      guard !tags.doubts(key, md5: md5) else {
        throw answer.unusable("the bytes that came are not those of the ETag \(head.info.etag)")
      }
    }
    return HeldBody(bytes)
  }

  /// What the answer says of bytes that the store has taken: by their checksum where they had one,
  /// or else by the ETag. A difference that may be none, because the store has named no digest yet,
  /// is `unknown`.
  func verdict(
    on etag: ETag, of payload: S3Request.Payload, _ answer: S3Answer
  ) -> ETagVerdict {
    if let checksum = payload.digest.checksum {
      guard let stored = answer.headers.checksum(checksum.algorithm) else { return .unknown }
      return stored == checksum ? .same : .different
    }
    guard let md5 = payload.digest.md5 else { return .unknown }
    let verdict = ETagVerdict(etag, md5: md5, headers: answer.headers)
    if verdict == .same, payload.source.length > 0 { tags.seenDigest() }
    return verdict == .different && !tags.areDigests ? .unknown : verdict
  }
}

/// Bytes that are all here.
final class HeldBody: ObjectBody {
  private let bytes: Mutex<[UInt8]?>

  init(_ bytes: [UInt8]) {
    self.bytes = Mutex(bytes)
  }

  func next() async throws(ObjectStoreError) -> [UInt8]? {
    let rest = bytes.withLock { bytes in
      defer { bytes = bytes.map { _ in [] } }
      return bytes
    }
    guard let rest else { throw HTTPTransportError.cancelled.storeError }
    return rest.isEmpty ? nil : rest
  }

  func cancel() { bytes.withLock { $0 = nil } }
}
