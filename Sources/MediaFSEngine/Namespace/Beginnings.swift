import MediaFSCatalog
import MediaFSCore
import Synchronization

/// The first bytes of objects that have come along with their attributes, until somebody reads
/// them: a small file is one request then.
final class Beginnings: Sendable {
  /// In bytes: what has a checksum of its own.
  static let length = ReadWindow.blockSize
  /// When there are more that nobody has read, the oldest goes: they take a MiB in all.
  private static let maximumCount = 16

  /// So many may come in vain, in the beginning and at most: where files are only looked at, it
  /// ends, until some are read again.
  private static let credit = (first: 4, most: 16)

  private struct State {
    var kept: [(object: StoredObject, bytes: [UInt8])] = []
    var credit = Beginnings.credit.first
  }

  private let state = Mutex(State())

  /// Whether the next one is likely to be read. It then is to be fetched: where that fails, as of
  /// what is in an archive, it came in vain.
  func claim() -> Bool {
    state.withLock { state in
      guard state.credit > 0 else { return false }
      state.credit -= 1
      return true
    }
  }

  func keep(_ bytes: [UInt8], of object: StoredObject) {
    state.withLock { state in
      if state.kept.count == Self.maximumCount { state.kept.removeFirst() }
      state.kept.append((object, bytes))
    }
  }

  /// What is kept of that version of an object, for its first reader; once.
  func take(_ object: StoredObject) -> [UInt8]? {
    state.withLock { state in
      let index = state.kept.lastIndex { $0.object == object }
      state.credit = min(state.credit + (index == nil ? 1 : 2), Self.credit.most)
      return index.map { state.kept.remove(at: $0).bytes }
    }
  }
}
