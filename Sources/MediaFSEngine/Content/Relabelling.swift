import Logging
import MediaFSCatalog
import MediaFSCore
import Synchronization

/// Brings the labels of dirty files up to date whose paths have changed with a directory above:
/// behind the rename, since there may be many, and one directory after the other.
final class Relabelling: Sendable {
  private struct State {
    /// Directories whose files are still to be labelled.
    var waiting: [InodeNumber] = []
    var walk: Task<Void, Never>?
    var isStopping = false
  }

  /// In the catalog: what was left when the volume was closed.
  private static let note = "labels"

  private let context: VolumeContext
  private let state = Mutex(State())

  init(_ context: VolumeContext) {
    self.context = context
  }

  /// Goes on with what was left.
  func start() {
    let rest = ((try? context.catalog.note(Self.note)) ?? nil) ?? ""
    for number in rest.split(separator: " ").compactMap({ Int64($0) }) { add(InodeNumber(number)) }
  }

  /// A directory has another path.
  func add(_ directory: InodeNumber) {
    state.withLock { state in
      if !state.waiting.contains(directory) { state.waiting.append(directory) }
      guard state.walk == nil, !state.isStopping else { return }
      state.walk = context.environment.spawn("labels") { [self] in walk() }
    }
  }

  /// Ends with the file that is labelled just now, and notes what is left.
  func stop() async {
    let walk = state.withLock { state in
      state.isStopping = true
      return state.walk
    }
    await walk?.value
    let rest = state.withLock { $0.waiting.map { "\($0.value)" }.joined(separator: " ") }
    do throws(CatalogError) {
      if try context.catalog.note(Self.note) ?? "" == rest { return }
      try context.catalog.note(Self.note, rest)
    } catch {
      context.log.error("Which files have labels of old paths was not noted: \(error)")
    }
  }

  private func walk() {
    while let directory = next() {
      if !label(beneath: directory) {
        state.withLock { $0.waiting.insert(directory, at: 0) }
      }
    }
  }

  private func next() -> InodeNumber? {
    state.withLock { state in
      guard !state.isStopping, !state.waiting.isEmpty else {
        state.walk = nil
        return nil
      }
      return state.waiting.removeFirst()
    }
  }

  /// False when it was not finished.
  private func label(beneath directory: InodeNumber) -> Bool {
    var last = InodeNumber(0)
    while let files = try? context.catalog.dirtyFiles(beneath: directory, after: last),
      let end = files.last
    {
      for inode in files {
        if state.withLock({ $0.isStopping }) { return false }
        context.relabel(inode)
      }
      last = end
    }
    return true
  }
}
