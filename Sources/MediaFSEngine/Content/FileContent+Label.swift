import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension FileContent {
  /// Says on the content file what it holds, for a catalog that has to be made anew. Called under
  /// ``changing``, before the first byte of a version changes, and again when something of it does
  /// that the label tells.
  ///
  /// Costs one query and one system call for each version of a file.
  func label(_ catalog: Catalog) throws(FileSystemError) {
    do {
      let label = try currentLabel(catalog)
      let bytes = label.bytes
      guard state.withLock({ $0.label != bytes }) else { return }
      state.withLock { $0.label = nil }
      try file.setLabel(label)
      state.withLock { $0.label = bytes }
    } catch let error as CatalogError {
      throw FileSystemError(error, "write")
    } catch {
      throw FileSystemError(.ioError, "write", "The cache disk failed", underlying: error)
    }
  }

  /// The same for a file that was made a moment ago.
  func label(new record: InodeRecord, at path: [FileName]) throws(Errno) {
    let label = ContentLabel(
      .whole,
      ContentLabel.Place(path: path, permissions: record.permissions, owner: record.owner))
    try file.setLabel(label)
    state.withLock { $0.label = label.bytes }
  }

  /// The same where nothing is lost when it fails: what is called dirty is sent once more.
  func relabel(_ catalog: Catalog) {
    changing.withLock { _ in try? label(catalog) }
  }

  private func currentLabel(_ catalog: Catalog) throws -> ContentLabel {
    let (isDirty, isOrphan, isWhole) = state.withLock { state in
      (
        state.lifecycle.isDirty, state.isOrphan,
        state.lifecycle.missing(in: 0..<state.lifecycle.size).isEmpty
      )
    }
    guard isDirty else { return ContentLabel(.clean) }
    guard !isOrphan, let (record, path) = try catalog.named(inode), record.content == number else {
      return ContentLabel(.nameless)
    }
    let base = record.object.map {
      ContentLabel.Base(key: $0.key.text, etag: $0.etag.text, size: $0.size)
    }
    return ContentLabel(
      isWhole ? .whole : .partial,
      ContentLabel.Place(
        path: path, permissions: record.permissions, owner: record.owner, base: base))
  }
}

extension VolumeContext {
  /// Something has changed that the label of a dirty file tells: its path or its attributes.
  func relabel(_ number: InodeNumber) {
    guard let record = (try? inode(number, "label")) ?? nil, record.kind == .regular,
      record.isContentDirty, record.content != .none
    else { return }
    do throws(FileSystemError) {
      let content = try registry.acquire(number, asHandle: false)
      defer { _ = registry.release(content, asHandle: false) }
      content.relabel(catalog)
    } catch {
      log.debug("Inode \(number) was not labelled: \(error)")
    }
  }
}
