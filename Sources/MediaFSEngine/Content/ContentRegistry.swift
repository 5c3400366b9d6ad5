import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// The contents in use, one per inode.
final class ContentRegistry: Sendable {
  /// Loads one inode at a time, and no two of one stripe: what is read from the catalog must not be
  /// older than what another load has let others do.
  private final class Stripe: Sendable {
    let loading = Mutex(())
  }

  /// Files above this are compared with their sums once before the kernel reads them by itself:
  /// it takes seconds for a film. In bytes.
  private static let largeSize: Int64 = 4 << 20
  /// Large files of which that is remembered, and what of them was sent ahead.
  private static let rememberedLimit = 10_000

  private let contents = Mutex<[InodeNumber: FileContent]>([:])
  /// Large files that were wholly compared.
  private let compared = Mutex<Set<ContentNumber>>([])
  /// Of contents that nobody uses just now.
  private let partsAhead = Mutex<[ContentNumber: PartsAhead]>([:])
  private let stripes = (0..<64).map { _ in Stripe() }
  private let catalog: Catalog
  private let disk: any ContentDisk
  private let window: ReadWindow

  /// - Parameter window: of a file that nobody has read yet.
  init(catalog: Catalog, disk: any ContentDisk, window: ReadWindow) {
    self.catalog = catalog
    self.disk = disk
    self.window = window
  }

  /// The content of an inode if anybody uses it, for a look; it may be dropped at any time.
  func current(_ inode: InodeNumber) -> FileContent? {
    contents.withLock { $0[inode] }
  }

  func isOpen(_ inode: InodeNumber) -> Bool {
    contents.withLock { contents in
      contents[inode]?.state.withLock { $0.handles > 0 } ?? false
    }
  }

  /// The content of an inode, to be given back with ``release(_:asHandle:)``.
  ///
  /// - Parameter asHandle: an application opens it; it then outlives its last name.
  func acquire(
    _ inode: InodeNumber, asHandle: Bool
  ) throws(FileSystemError) -> FileContent {
    while true {
      if let content = retain(inode, asHandle: asHandle) { return content }
      let stripe = stripes[Int(truncatingIfNeeded: inode.value & 63)]
      try stripe.loading.withLock { _ throws(FileSystemError) in
        guard current(inode) == nil else { return }
        let loaded = try load(inode)
        contents.withLock { $0[inode] = loaded }
        // Replaced or moved at the store while it was loaded: whoever did that may have looked
        // before.
        do throws(CatalogError) {
          try rebase(inode)
        } catch {
          throw FileSystemError(error, "open")
        }
      }
    }
  }

  /// Makes a content file. One that a lost catalog has counted before is set aside, unless it is
  /// empty: nobody knows what it holds.
  func make(_ number: ContentNumber) -> Result<any ContentFile, FileSystemError> {
    do throws(Errno) {
      do throws(Errno) {
        return .success(try disk.create(number))
      } catch {
        guard error == .fileExists else { throw error }
      }
      if try disk.status(of: number)?.size == 0 { return .success(try disk.open(number)) }
      try disk.quarantine(number)
      return .success(try disk.create(number))
    } catch {
      return .failure(Self.failure(error))
    }
  }

  /// The content of a file that was made a moment ago, opened by who made it; it has no bytes.
  func begin(
    _ record: InodeRecord, _ file: any ContentFile, at path: [FileName]
  ) throws(FileSystemError) -> FileContent {
    let stripe = stripes[Int(truncatingIfNeeded: record.number.value & 63)]
    let content = try stripe.loading.withLock { _ throws(FileSystemError) -> FileContent? in
      // Somebody has looked the name up, and was faster; perhaps he has done with it already.
      guard current(record.number) == nil,
        let now = try? catalog.inode(record.number), now.isWriting, now.version == record.version
      else { return nil }
      do throws(Errno) {
        let content = FileContent(new: record, file: file, window: window)
        try content.label(new: record, at: path)
        contents.withLock { $0[record.number] = content }
        return content
      } catch {
        throw Self.failure(error)
      }
    }
    if let content { return content }
    return try acquire(record.number, asHandle: true)
  }

  /// The object of an inode may be another one: who has it open fetches from there. Or its last
  /// name is gone, or it has one again: without any, its row holds no object, and missing bytes
  /// still come from the one that it had.
  func rebase(_ inode: InodeNumber) throws(CatalogError) {
    guard let content = current(inode) else { return }
    var isSame = false
    while !isSame {
      guard let record = try catalog.inode(inode), record.content == content.number else {
        return supersede(content)
      }
      // Once more after each change: what was read may have been old when it was written.
      isSame = content.state.withLock { state in
        let isOrphan = record.linkCount == 0
        let object = isOrphan ? state.object : record.object
        defer { (state.object, state.isOrphan) = (object, isOrphan) }
        return state.object == object && state.isOrphan == isOrphan
      }
    }
  }

  private func retain(_ inode: InodeNumber, asHandle: Bool) -> FileContent? {
    contents.withLock { contents in
      guard let content = contents[inode] else { return nil }
      content.state.withLock { state in
        state.users += 1
        if asHandle { state.handles += 1 }
      }
      return content
    }
  }

  private func load(_ inode: InodeNumber) throws(FileSystemError) -> FileContent {
    do {
      var record = try catalog.allocateContent(inode)
      let held = try disk.status(of: record.content)?.size
      var (present, sums) = try catalog.summedExtents(of: record.content, end: record.baseSize)
      if !record.isWriting || held == nil { try check(record, held: held ?? 0, &present) }
      sums.truncate(to: held ?? 0, end: record.baseSize)
      // It was not settled when it was closed: the content file knows its size.
      if record.isWriting, let held { record.size = held }
      let file = try disk.open(record.content)
      let holes =
        record.isWriting
        ? FileLifecycle.holes(
          size: record.size, baseSize: record.baseSize, present: present,
          data: try file.dataExtents(in: 0..<record.size))
        : try catalog.holes(of: record)
      // A content file is as long as the file: what was not fetched yet is a hole.
      if !record.isWriting, held != record.size { try file.truncate(to: record.size) }
      let content = FileContent(
        record: record, present: present, holes: holes,
        changed: try catalog.changes(of: record.content), sums: sums, file: file,
        window: window)
      if held == nil { try content.label(catalog) }
      let parts = partsAhead.withLock { $0.removeValue(forKey: record.content) }
      content.state.withLock { $0.parts = parts }
      return content
    } catch CatalogError.rule(.noSuchFileOrDirectory) {
      // Made one with another inode just now, or removed: the kernel looks its name up again.
      throw FileSystemError(.staleNFSFileHandle, "open", "There is no inode \(inode)")
    } catch let error as CatalogError {
      throw FileSystemError(error, "open")
    } catch let error as FileSystemError {
      throw error
    } catch {
      throw Self.failure(error)
    }
  }

  private static func failure(_ error: any Error) -> FileSystemError {
    if case Errno.tooManyOpenFiles = error {
      // ENFILE: EMFILE would tell the caller of too many files of its own.
      return FileSystemError(
        .tooManyOpenFilesInSystem, "open",
        "The daemon may have no more files open (LimitNOFILE of its unit, or ulimit -n)")
    }
    return FileSystemError(.ioError, "open", "The cache disk failed", underlying: error)
  }

  /// A content file that somebody removed or cut short: what the store has too is fetched again,
  /// and never are zeros taken for bytes that are nowhere else.
  private func check(
    _ record: InodeRecord, held: Int64, _ present: inout ByteRangeSet
  ) throws {
    guard held < record.size else { return }
    let isLost = record.isContentDirty || record.baseSize < record.size
    guard !isLost else {
      throw FileSystemError(
        .ioError, "open",
        "The cache has lost bytes of inode \(record.number) that the store does not have: "
          + "content file \(record.content) has \(held) of \(record.size) bytes")
    }
    guard present.upperBound > held else { return }
    try catalog.cutExtents(of: record.content, to: held)
    present.truncate(to: held)
  }

  /// Gives a content back; the last user takes it out of memory.
  ///
  /// Returns true when that was the last handle of a file without a name: it is to be erased.
  func release(_ content: FileContent, asHandle: Bool) -> Bool {
    let (isErasable, fetches) = contents.withLock { contents in
      content.state.withLock { state -> (Bool, [Task<Void, Never>]) in
        state.users -= 1
        if asHandle { state.handles -= 1 }
        // Nobody reads on: what is on its way beyond the waiting readers is not needed.
        let isIdle = state.handles == 0 && state.waiters.isEmpty
        if state.users == 0, contents[content.inode] === content {
          contents[content.inode] = nil
          remember(content.number, state)
        }
        let fetches = isIdle && asHandle ? Array(state.fetches.values) : []
        return (state.isOrphan && state.handles == 0 && asHandle, fetches)
      }
    }
    for fetch in fetches { fetch.cancel() }
    return isErasable
  }

  /// Whether all blocks of a large file were seen to agree with their sums since the daemon began,
  /// or came from the store since.
  func wasCompared(_ content: FileContent) -> Bool {
    compared.withLock { $0.contains(content.number) }
  }

  /// What nobody compared this time stays what it was: the kernel may have read the file by itself.
  private func remember(_ number: ContentNumber, _ content: FileContent.State) {
    let lifecycle = content.lifecycle
    if let parts = content.parts, !content.isOrphan {
      partsAhead.withLock { kept in
        if kept.count >= Self.rememberedLimit { kept = [:] }
        kept[number] = parts
      }
    }
    compared.withLock { compared in
      if lifecycle.size <= Self.largeSize || content.wasDamaged {
        compared.remove(number)
      } else if !lifecycle.sums.hasUnverified {
        if compared.count >= Self.rememberedLimit { compared = [] }
        compared.insert(number)
      }
    }
  }

  /// The object changed at the store: new opens get a new content, old handles keep the old bytes.
  func supersede(_ inode: InodeNumber) {
    if let content = current(inode) { supersede(content) }
  }

  private func supersede(_ content: FileContent) {
    contents.withLock { contents in
      if contents[content.inode] === content { contents[content.inode] = nil }
    }
    content.state.withLock { $0.isSuperseded = true }
  }

  /// All contents in use, for the periodic work.
  var all: [FileContent] { contents.withLock { Array($0.values) } }

  /// Objects of open files that are not wholly here. While such a file is read its object is not
  /// deleted, whatever became of its name.
  var neededKeys: Set<ObjectKey> {
    Set(all.compactMap { content in content.state.withLock { $0.neededObject?.key } })
  }

  /// Downloads under way.
  var fetchCount: Int {
    all.reduce(0) { $0 + $1.state.withLock { $0.fetches.count } }
  }
}
