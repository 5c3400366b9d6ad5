import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Finds out what lies in a renamed directory and queues it: behind the rename, which itself asks
/// nobody. Every step can be repeated after a crash, and another rename meanwhile begins it anew.
final class TreeExpansion: Sendable {
  /// Children queued in one transaction. Whoever changes something waits that long: about 2 ms.
  private static let page = 500
  /// Directories listed ahead. At 30 ms a request, one after the other would take an hour for a
  /// hundred thousand; more only take connections from those who read.
  private static let listingsAhead = 8

  private let context: VolumeContext
  private let refresher: DirectoryRefresher
  /// The journal has rows that are due.
  private let journalChanged: Wakeup
  private let running = Mutex<[InodeNumber: Deferred<Void>]>([:])

  init(_ context: VolumeContext, _ refresher: DirectoryRefresher, journalChanged: Wakeup) {
    self.context = context
    self.refresher = refresher
    self.journalChanged = journalChanged
  }

  /// Returns when every object that may lie at `key` is known here. Until then nothing may be
  /// written there: what a renamed tree has there would be taken for somebody else's, and our
  /// object for a part of that tree.
  func settle(_ key: ObjectKey) async throws(ObjectStoreError) {
    guard let relative = context.keySpace.relativeText(of: key) else { return }
    while let claimant = try context.asked({ try $0.claimant(of: relative) }) {
      try await run(claimant)
    }
  }

  /// Expands a renamed directory. Does nothing where that is done.
  func run(_ directory: InodeNumber) async throws(ObjectStoreError) {
    while let item = try context.asked({ try $0.item(of: directory) }), item.deep > 0 {
      if Task.isCancelled { throw .expansionInterrupted }
      let (others, own) = claim(directory)
      guard let own else {
        // Whatever comes of theirs: looks again.
        _ = try? await others?.wait(
          "expand", for: VolumeContext.foreverTimeout, context.environment)
        continue
      }
      defer {
        running.withLock { $0[directory] = nil }
        own.resolve(.success(()))
      }
      try await expand(item)
    }
  }

  /// Lists a directory in a renamed tree that was never listed, and says whether it had to: its
  /// marker lies where it was, and has to be known before another one is written.
  func finds(_ directory: InodeRecord) async throws(ObjectStoreError) -> Bool {
    guard directory.kind == .directory, directory.listed == nil,
      let source = try context.asked({ try $0.source(of: directory.number) }), source.isPending
    else { return false }
    try await list(directory.number)
    return true
  }

  /// Who is at it already, or the work that the caller is to do.
  private func claim(
    _ directory: InodeNumber
  ) -> (others: Deferred<Void>?, own: Deferred<Void>?) {
    running.withLock { running in
      if let others = running[directory] { return (others, nil) }
      let own = Deferred<Void>()
      running[directory] = own
      return (nil, own)
    }
  }

  private func expand(_ item: JournalItem) async throws(ObjectStoreError) {
    var pending = [item.inode]
    while !pending.isEmpty {
      if Task.isCancelled { throw .expansionInterrupted }
      listAhead(pending.suffix(Self.listingsAhead))
      guard let directory = pending.popLast() else { break }
      try await list(directory)
      pending += try enqueueChildren(of: directory, item)
    }
    try context.asked { try $0.expanded(item) }
  }

  private func listAhead(_ directories: ArraySlice<InodeNumber>) {
    guard directories.count > 1 else { return }
    for directory in directories {
      guard let record = try? context.catalog.inode(directory), record.listed == nil else {
        continue
      }
      refresher.begin(directory)
    }
  }

  private func list(_ directory: InodeNumber) async throws(ObjectStoreError) {
    guard let record = try context.asked({ try $0.inode(directory) }), record.listed == nil,
      record.linkCount > 0
    else { return }
    do throws(FileSystemError) {
      try await refresher.list(directory)
    } catch {
      // Removed meanwhile.
      if error.errno == .noSuchFileOrDirectory { return }
      if let cause = error.underlying as? ObjectStoreError { throw cause }
      throw ObjectStoreError(.unavailable, code: "Listing", message: error.description)
    }
  }

  /// Returns the directories among the children.
  private func enqueueChildren(
    of directory: InodeNumber, _ item: JournalItem
  ) throws(ObjectStoreError) -> [InodeNumber] {
    var directories: [InodeNumber] = []
    var after: Int64? = 0
    while let start = after {
      let now = context.environment.now()
      let page = try context.asked {
        try $0.enqueueChildren(
          of: directory, after: start, limit: Self.page, keys: context.keySpace,
          due: max(now, item.due), at: now)
      }
      directories += page.directories
      after = page.last
      if page.queued > 0 { journalChanged.signal() }
    }
    return directories
  }
}

extension VolumeContext {
  /// The catalog, asked on behalf of the store: its failure is a failure of the upload.
  func asked<Answer>(
    _ question: (Catalog) throws -> Answer
  ) throws(ObjectStoreError) -> Answer {
    do {
      return try question(catalog)
    } catch {
      throw .catalog(error)
    }
  }
}

extension ObjectStoreError {
  fileprivate static let expansionInterrupted = ObjectStoreError(
    .cancelled, code: "Cancelled", message: "The expansion was stopped")
}
