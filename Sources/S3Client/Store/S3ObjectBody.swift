import ObjectStorage
import Synchronization

/// The bytes of GetObject, counted; holds its place among the requests until they have ended.
final class S3ObjectBody: ObjectBody {
  private let body: any HTTPBody
  private let slot: ConcurrencySlot
  private let remaining: Mutex<Int64>
  /// Also when the transfer had ended before: what is buffered is not handed out any more.
  private let isCancelled = Mutex(false)

  init(_ answer: S3Answer, length: Int64) {
    body = answer.body
    slot = answer.slot
    remaining = Mutex(length)
  }

  deinit { cancel() }

  func next() async throws(ObjectStoreError) -> [UInt8]? {
    do throws(HTTPTransportError) {
      if isCancelled.withLock({ $0 }) { throw .cancelled }
      let chunk = try await body.next()
      let left = remaining.withLock { remaining in
        remaining -= Int64(chunk?.count ?? 0)
        return remaining
      }
      if let chunk, left >= 0 { return chunk }
      guard left == 0 else {
        throw HTTPTransportError(.connectionLost, "the body has another length than announced")
      }
      slot.release()
      return nil
    } catch {
      cancel()
      throw error.storeError
    }
  }

  func cancel() {
    isCancelled.withLock { $0 = true }
    body.cancel()
    slot.release()
  }
}
