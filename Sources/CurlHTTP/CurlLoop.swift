import CLinux
import Glibc
import S3Client
import Synchronization

/// The thread that runs curl, and the queue of what it is told.
///
/// It waits in curl_multi_poll only: no disk, no database, no lock that is held over either. Its
/// mutex and those of the transfers are leaves, held for a few instructions.
final class CurlLoop: Sendable {
  enum Command: Sendable {
    case start(Transfer)
    /// Somebody has read, or has something to send.
    case resume(Transfer)
    case cancel(Transfer)
  }

  private struct Queue {
    var commands: [Command] = []
    var isStopping = false
  }

  private let options: HTTPTransportOptions
  private let multi: MultiHandle
  private let queue = Mutex(Queue())

  init(_ options: HTTPTransportOptions) throws(HTTPTransportError) {
    self.options = options
    multi = try MultiHandle(options)
  }

  func start() throws(HTTPTransportError) {
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(self).toOpaque()
    let failure = unsafe pthread_create(&thread, nil, curlThread, argument)
    guard failure == 0 else {
      unsafe Unmanaged<CurlLoop>.fromOpaque(argument).release()
      throw HTTPTransportError(.setup, "no thread for the network: error \(failure)")
    }
    pthread_detach(thread)
  }

  /// From any thread. After ``stop()`` a new transfer fails at once.
  func submit(_ command: Command) {
    let isStopping = queue.withLock { queue in
      if !queue.isStopping { queue.commands.append(command) }
      return queue.isStopping
    }
    if isStopping {
      if case .start(let transfer) = command { transfer.finish(.failed(.cancelled)) }
    } else {
      multi.wake()
    }
  }

  func stop() {
    queue.withLock { $0.isStopping = true }
    multi.wake()
  }

  fileprivate func run() {
    var transfers = ActiveTransfers(options: options, multi: multi)
    while true {
      let (commands, isStopping) = queue.withLock { queue in
        defer { queue.commands = [] }
        return (queue.commands, queue.isStopping)
      }
      for command in commands {
        switch command {
        case .start(let transfer): transfers.start(transfer)
        case .resume(let transfer): transfers.resume(transfer)
        case .cancel(let transfer): transfers.end(transfer, .failed(.cancelled))
        }
      }
      if isStopping {
        transfers.endAll()
        return
      }
      multi.perform()
      while let completion = multi.nextCompletion() { transfers.complete(completion) }
      transfers.endStalled()
      multi.poll(milliseconds: transfers.pollTime)
    }
  }
}

/// The thread's main function; a C function must not be formed in an isolated context.
private func curlThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  // Signals are for the main thread; above all SIGPIPE, which OpenSSL provokes when a peer has
  // closed its connection and which would end the process.
  var signals = sigset_t()
  unsafe sigfillset(&signals)
  unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
  unsafe pthread_setname_np(pthread_self(), "curl")
  unsafe Unmanaged<CurlLoop>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}
