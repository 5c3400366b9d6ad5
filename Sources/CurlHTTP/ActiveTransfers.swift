import CCurl
import S3Client

/// The transfers that curl works on, and the easy handles that wait for the next ones. Belongs
/// to the curl thread.
struct ActiveTransfers {
  private struct Active {
    /// Keeps it alive for the callbacks.
    let transfer: Transfer
    let easy: EasyHandle
    var clock: StallClock
  }

  private let options: HTTPTransportOptions
  private let multi: MultiHandle
  private var active: [ObjectIdentifier: Active] = [:]
  private var idle: [EasyHandle] = []
  private var lastLook: Duration = .zero
  private let start = ContinuousClock().now

  init(options: HTTPTransportOptions, multi: MultiHandle) {
    self.options = options
    self.multi = multi
  }

  /// How often stalls are looked for: a stall is noticed so much later than its timeout.
  private static let lookInterval: Duration = .milliseconds(250)

  /// Milliseconds that the loop may wait when the network is quiet.
  var pollTime: Int32 { active.isEmpty ? 60_000 : 250 }

  private var now: Duration { start.duration(to: ContinuousClock().now) }

  mutating func start(_ transfer: Transfer) {
    // Cancelled before it began.
    if transfer.isFinished { return }
    guard let easy = idle.popLast() ?? EasyHandle() else {
      return transfer.finish(.failed(HTTPTransportError(.setup, "no memory for a transfer")))
    }
    do throws(HTTPTransportError) {
      try easy.configure(transfer, options)
    } catch {
      return transfer.finish(.failed(error))
    }
    active[ObjectIdentifier(transfer)] = Active(
      transfer: transfer, easy: easy,
      clock: StallClock(timeout: transfer.request.stallTimeout, now: now))
    if multi.add(easy) != CURLM_OK {
      end(transfer, .failed(HTTPTransportError(.setup, "curl refuses a transfer")))
    }
  }

  mutating func resume(_ transfer: Transfer) {
    let id = ObjectIdentifier(transfer)
    let now = now
    active[id]?.clock.restart(now: now)
    active[id]?.easy.resume()
  }

  mutating func complete(_ completion: MultiHandle.Completion) {
    guard let transfer = active[completion.transfer]?.transfer else { return }
    end(transfer, CurlResult.outcome(completion.result))
  }

  /// Takes the transfer out of curl; without effect on one that has ended.
  mutating func end(_ transfer: Transfer, _ outcome: TransferState.Outcome) {
    guard let ended = active.removeValue(forKey: ObjectIdentifier(transfer)) else { return }
    multi.remove(ended.easy)
    if idle.count < options.connections { idle.append(ended.easy) }
    transfer.finish(outcome)
  }

  mutating func endStalled() {
    let now = now
    guard now - lastLook >= Self.lookInterval else { return }
    lastLook = now
    for (id, item) in active {
      let stalled = active[id]?.clock.isStalled(
        activity: item.easy.activity, isPaused: item.transfer.isPaused, now: now)
      guard stalled == true else { continue }
      let timeout = item.transfer.request.stallTimeout
      end(
        item.transfer,
        .failed(HTTPTransportError(.stalled, "no byte moved for \(timeout)")))
    }
  }

  mutating func endAll() {
    for item in active.values { end(item.transfer, .failed(.cancelled)) }
  }
}
