import Logging
import MediaFSCore
import Synchronization

/// Fetches the rest of files that were read in part, while nobody waits for anything
/// (`cache.complete_on_idle`): who has looked into a film often comes back for it.
final class Completer: Sendable {
  /// Nobody has read for so long, and nothing goes up, before anything is fetched.
  static let pause: Duration = .milliseconds(1_500)
  /// Fetched at once, in bytes: what a reader who comes meanwhile may have to wait for.
  private static let step: Int64 = 8 << 20
  /// Files remembered; the one that was closed last comes first.
  private static let maximumCount = 256

  private let context: VolumeContext
  private let downloader: Downloader
  private let unfinished = Mutex<[InodeNumber]>([])
  private let noted = Wakeup()

  init(_ context: VolumeContext, _ downloader: Downloader) {
    self.context = context
    self.downloader = downloader
  }

  /// Somebody has closed a file.
  func closed(_ content: FileContent) {
    guard context.options.completesOnIdle, Self.rest(of: content) != nil else { return }
    unfinished.withLock { unfinished in
      unfinished.removeAll { $0 == content.inode }
      if unfinished.count == Self.maximumCount { unfinished.removeFirst() }
      unfinished.append(content.inode)
    }
    noted.signal()
  }

  /// Until it is cancelled.
  ///
  /// - Parameter isBusy: something else goes over the line.
  func run(isBusy: @Sendable () -> Bool) async {
    guard context.options.completesOnIdle else { return }
    while !Task.isCancelled {
      let event = noted.event
      if unfinished.withLock({ $0.isEmpty }) {
        _ = try? await event.wait("complete", for: .seconds(3_600), context.environment)
      }
      let before = reads
      await context.environment.sleep(Self.pause)
      while reads == before, !isBusy(), !Task.isCancelled, await step() {}
    }
  }

  /// Reads of all files until now.
  private var reads: Int { context.statistics.hits.count + context.statistics.misses.count }

  /// Fetches some of the file that was closed last. False when there is nothing to be done, or no
  /// room: nothing is evicted for what nobody has asked for.
  private func step() async -> Bool {
    guard let inode = unfinished.withLock({ $0.last }), context.health.offline == nil,
      context.space.hasRoom(for: Self.step)
    else { return false }
    do throws(FileSystemError) {
      let content = try context.registry.acquire(inode, asHandle: false)
      defer { _ = context.registry.release(content, asHandle: false) }
      if let rest = Self.rest(of: content) {
        let part = rest.prefix(Int(Self.step))
        try await downloader.require(part.startIndex..<part.endIndex, of: content)
        return true
      }
    } catch {
      // It is gone, or the store is: whoever reads it is told.
      context.log.debug("Inode \(inode) was not completed: \(error)")
    }
    unfinished.withLock { unfinished in unfinished.removeAll { $0 == inode } }
    return true
  }

  /// The first bytes that are not here.
  private static func rest(of content: FileContent) -> Range<Int64>? {
    content.state.withLock { state in
      guard state.object != nil, !state.isSuperseded else { return nil }
      return state.lifecycle.missing(in: 0..<max(0, state.lifecycle.size)).first
    }
  }
}
