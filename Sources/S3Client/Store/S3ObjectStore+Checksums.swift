package import ObjectStorage
import Synchronization

/// How the bytes of a write are checked by the store (`s3.checksum`).
package enum ChecksumMode: String, Sendable, CaseIterable {
  /// The best checksum that the store was found to verify, or MD5.
  case auto
  case crc64nvme
  case crc32c
  /// `Content-MD5`, which every store knows.
  case md5
  /// Nothing is sent with the bytes. What an ETag says of them still counts.
  case none

  var candidates: [ChecksumAlgorithm] {
    switch self {
    case .auto: [.crc64nvme, .crc32c]
    case .crc64nvme: [.crc64nvme]
    case .crc32c: [.crc32c]
    case .md5, .none: []
    }
  }
}

/// What writes carry now. Lock: a leaf.
final class ChecksumChoice: Sendable {
  private let chosen = Mutex<(current: ChecksumAlgorithm?, isOfParts: Bool)>((nil, false))

  var current: ChecksumAlgorithm? {
    get { chosen.withLock { $0.current } }
    set { chosen.withLock { $0 = (newValue, false) } }
  }

  /// For an object that comes in parts; `nil` where the store knows no checksum of all of it.
  var ofAllParts: ChecksumAlgorithm? { chosen.withLock { $0.isOfParts ? nil : $0.current } }

  /// The store's checksum of an object that came in parts is one of their checksums.
  func isOfParts() { chosen.withLock { $0.isOfParts = true } }
}

extension S3ObjectStore {
  package var checksums: [ChecksumAlgorithm] { channel.options.checksum.candidates }

  package func use(_ checksum: ChecksumAlgorithm?) {
    choice.current = checksum
  }

  package func verifies(
    _ algorithm: ChecksumAlgorithm, at key: ObjectKey
  ) async throws(ObjectStoreError) -> Bool {
    let bytes = Array("checksum".utf8)
    let right = Checksum.of(bytes, algorithm)
    let wrong = ObjectChecksum(algorithm, right.value ^ 1)
    guard try await write(bytes, with: wrong, to: key) == nil else { return false }
    guard let answer = try await write(bytes, with: right, to: key) else { return false }
    return answer.checksum(algorithm) == right
  }

  /// The head of the answer; `nil` when the store refuses the request.
  private func write(
    _ bytes: [UInt8], with checksum: ObjectChecksum, to key: ObjectKey
  ) async throws(ObjectStoreError) -> HTTPHeaders? {
    var request = S3Request(operation: .putObject, method: .put, key: key)
    request.setPayload(
      S3Request.Payload(
        source: BytesSource(bytes), digest: PayloadDigest(bytes: bytes, checksum: checksum)))
    request.endsWithDamage = true
    do throws(ObjectStoreError) {
      return try await channel.perform(request) { answer throws(ObjectStoreError) in
        try await answer.discard()
        return answer.headers
      }
    } catch {
      if error.kind == .invalid { return nil }
      throw error
    }
  }

  /// Asks for the checksum along with an object, where the store has any.
  func askForChecksum(in request: inout S3Request) {
    if choice.current != nil { request.headers.set("x-amz-checksum-mode", "ENABLED") }
  }
}
