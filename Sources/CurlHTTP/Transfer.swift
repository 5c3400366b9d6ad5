import ObjectStorage
import S3Client
import Synchronization

/// One request on its way through curl, seen from both sides.
///
/// Lock: a leaf; no callback, continuation or system call runs under it. One task waits at a time.
final class Transfer: Sendable {
  private struct Shared {
    var state = TransferState()
    var waiter: (continuation: CheckedContinuation<Void, Never>, wish: TransferState.Wish)?
  }

  let request: HTTPRequest
  private let loop: CurlLoop
  private let shared = Mutex(Shared())

  init(_ request: HTTPRequest, loop: CurlLoop) {
    self.request = request
    self.loop = loop
  }

  // MARK: The curl thread's side

  /// True while curl waits for us, so that silence is not the peer's fault.
  var isPaused: Bool {
    shared.withLock { $0.state.isReceivingPaused || $0.state.isSendingPaused }
  }

  var isFinished: Bool { shared.withLock { $0.state.outcome != nil } }

  func receiveHeader(_ line: [UInt8]) -> Bool {
    change { $0.receiveHeader(line) }
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    change { unsafe $0.receive(bytes) }
  }

  func send(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    change { unsafe $0.send(into: buffer) }
  }

  func finish(_ outcome: TransferState.Outcome) {
    change { $0.finish(outcome) }
  }

  // MARK: The task's side

  /// Feeds the body of the request to curl until the head of the answer is here.
  func exchange() async throws(HTTPTransportError) -> ResponseHead {
    var offset: Int64 = 0
    let length = request.body?.length ?? 0
    while true {
      let (head, outcome, room) = shared.withLock {
        ($0.state.head, $0.state.outcome, $0.state.sendRoom)
      }
      if case .failed(let error) = outcome { throw error }
      if head.isComplete {
        if offset < length { try stopSending(status: head.status) }
        return head
      }
      if outcome != nil { throw HTTPTransportError(.invalidAnswer, "an answer without a head") }
      if let body = request.body, offset < length, room >= TransferState.sendBlock {
        offset += try feed(body, at: offset)
      } else {
        await news(offset < length ? .headOrRoom : .head)
      }
    }
  }

  /// The next bytes of the answer.
  func read() async throws(HTTPTransportError) -> [UInt8]? {
    while true {
      let (taken, outcome) = shared.withLock { ($0.state.takeReceived(), $0.state.outcome) }
      if taken.resume { loop.submit(.resume(self)) }
      if case .failed(let error) = outcome { throw error }
      if !taken.bytes.isEmpty { return taken.bytes }
      if outcome != nil { return nil }
      await news(.bytes)
    }
  }

  /// Ends the transfer; without effect on one that has ended.
  func cancel() {
    guard !isFinished else { return }
    finish(.failed(.cancelled))
    loop.submit(.cancel(self))
  }

  /// The answer is here before the body has been read. An error may be that early; a success
  /// cannot be about bytes that the server does not have.
  private func stopSending(status: Int) throws(HTTPTransportError) {
    guard status >= 300 else {
      cancel()
      throw HTTPTransportError(.invalidAnswer, "a success before the body has been sent")
    }
    shared.withLock { $0.state.stopSending() }
    loop.submit(.resume(self))
  }

  /// May block on the disk: the caller's executor is made for that, the curl thread is not.
  private func feed(
    _ body: any ObjectSource, at offset: Int64
  ) throws(HTTPTransportError) -> Int64 {
    let count = Int(min(Int64(TransferState.sendBlock), body.length - offset))
    do throws(ObjectStoreError) {
      let bytes = try body.read(at: offset, count: count)
      guard bytes.count == count else {
        throw ObjectStoreError(
          .invalid, code: "ShortSource", message: "the source gave fewer bytes than it announced")
      }
      if shared.withLock({ $0.state.offer(bytes) }) { loop.submit(.resume(self)) }
      return Int64(count)
    } catch {
      cancel()
      throw HTTPTransportError(.source(error), error.message)
    }
  }

  /// Returns when there is what somebody waits for.
  private func news(_ wish: TransferState.Wish) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isThere = shared.withLock { shared in
          precondition(shared.waiter == nil, "a transfer has one reader at a time")
          let isThere = shared.state.fulfils(wish)
          if !isThere { shared.waiter = (continuation, wish) }
          return isThere
        }
        if isThere { continuation.resume() }
      }
    } onCancel: {
      cancel()
    }
  }

  private func change<Result: Sendable>(
    _ event: (inout TransferState) -> Result
  ) -> Result {
    let (result, waiter) = shared.withLock { shared in
      let result = event(&shared.state)
      guard let waiter = shared.waiter, shared.state.fulfils(waiter.wish) else {
        return (result, CheckedContinuation<Void, Never>?.none)
      }
      shared.waiter = nil
      return (result, waiter.continuation)
    }
    waiter?.resume()
    return result
  }
}
