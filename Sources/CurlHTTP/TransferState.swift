import S3Client

/// Where a transfer stands: two bounded buffers between the curl thread and a task. Pure.
struct TransferState {
  /// Received and unread. One curl callback may add its 16 KiB beyond it. With curl's own buffer
  /// and what a consumer has in its hands, 40 transfers stay below 30 MiB.
  static let receiveLimit = 256 << 10
  /// Read ahead from the source: one block on its way into curl, one waiting behind it.
  static let sendLimit = 2 * sendBlock
  /// Read from the source at a time.
  static let sendBlock = 128 << 10

  enum Outcome: Sendable {
    /// curl has seen the whole answer.
    case complete
    case failed(HTTPTransportError)
  }

  /// What a task waits for. curl calls for each line and each block, which is mostly nothing to it.
  enum Wish: Sendable {
    case head
    /// Or room for more of the request's body.
    case headOrRoom
    case bytes
  }

  private(set) var head = ResponseHead()
  private var received: [UInt8] = []
  /// curl waits until somebody reads.
  private(set) var isReceivingPaused = false
  private var toSend: [UInt8] = []
  private var sentOffset = 0
  /// curl waits until the source has been read further.
  private(set) var isSendingPaused = false
  /// The answer came first: nobody reads the source any more.
  private var isSendingStopped = false
  private(set) var outcome: Outcome?

  // MARK: The curl thread's side

  mutating func receiveHeader(_ line: [UInt8]) -> Bool { head.append(line) }

  /// False when the reader is behind: curl has to keep the bytes and be paused.
  mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if outcome != nil { return true }
    isReceivingPaused = received.count >= Self.receiveLimit
    if !isReceivingPaused { unsafe received.append(contentsOf: bytes) }
    return !isReceivingPaused
  }

  /// Moves bytes to curl; `nil` when there are none yet: curl has to be paused.
  mutating func send(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let count = min(buffer.count, toSend.count - sentOffset)
    isSendingPaused = count == 0 && !isSendingStopped
    guard count > 0 else { return nil }
    unsafe buffer.copyBytes(from: toSend[sentOffset..<sentOffset + count])
    sentOffset += count
    if sentOffset == toSend.count {
      toSend.removeAll(keepingCapacity: true)
      sentOffset = 0
    }
    return count
  }

  /// The first outcome counts. What was received before a failure is worthless.
  mutating func finish(_ outcome: Outcome) {
    guard self.outcome == nil else { return }
    self.outcome = outcome
    toSend = []
    sentOffset = 0
    if case .failed = outcome { received = [] }
  }

  // MARK: The task's side

  /// Whether there is what a task waits for; nothing more will come after the outcome.
  func fulfils(_ wish: Wish) -> Bool {
    if outcome != nil { return true }
    return switch wish {
    case .head: head.isComplete
    case .headOrRoom: head.isComplete || sendRoom >= Self.sendBlock
    case .bytes: !received.isEmpty
    }
  }

  /// Everything received so far, and whether curl was waiting for that.
  mutating func takeReceived() -> (bytes: [UInt8], resume: Bool) {
    let bytes = received
    received = []
    defer { isReceivingPaused = false }
    return (bytes, isReceivingPaused)
  }

  /// The rest of the source is not going to come; silence is the peer's again.
  mutating func stopSending() {
    isSendingStopped = true
    isSendingPaused = false
  }

  /// How much of the source may be read now.
  var sendRoom: Int { Self.sendLimit - (toSend.count - sentOffset) }

  /// Adds bytes of the source; true when curl was waiting for them.
  mutating func offer(_ bytes: [UInt8]) -> Bool {
    if outcome != nil { return false }
    toSend.removeFirst(sentOffset)
    sentOffset = 0
    toSend += bytes
    defer { isSendingPaused = false }
    return isSendingPaused
  }
}
