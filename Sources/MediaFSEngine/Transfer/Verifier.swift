import Logging
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Compares what is cached of files with its checksums, and with what the store says of their
/// objects.
struct Verifier: Sendable {
  /// Files on which the store is asked at a time.
  private static let parallel = 8
  /// Looked at in one go, in bytes.
  private static let piece: Int64 = 16 << 20

  let context: VolumeContext
  let downloader: Downloader
  let isRepairing: Bool

  /// Everything beneath an inode, or it alone.
  ///
  /// - Parameter progress: is told what has been checked so far.
  func run(
    beneath inode: InodeNumber, progress: (VolumeStatus.Count) -> Void
  ) async throws(FileSystemError) -> Verification {
    var found = Verification()
    var last = InodeNumber(0)
    while !Task.isCancelled {
      let files: [InodeNumber]
      do throws(CatalogError) {
        files = try context.catalog.cachedFiles(
          beneath: inode, after: last, limit: Self.parallel)
      } catch {
        throw FileSystemError(error, "verify")
      }
      guard let end = files.last else { break }
      last = end
      let parts = await withTaskGroup(of: Verification.self) { group in
        for file in files { group.addTask { await verify(file) } }
        var parts: [Verification] = []
        for await part in group { parts.append(part) }
        return parts
      }
      for part in parts { found.formUnion(part) }
      progress(found.checked)
    }
    if Task.isCancelled { throw FileSystemError(.interrupted, "verify", "It was interrupted") }
    return found
  }

  private func verify(_ inode: InodeNumber) async -> Verification {
    var found = Verification()
    // Removed meanwhile: there is nothing to tell.
    guard let names = (try? context.catalog.path(of: inode)) ?? nil else { return found }
    let path = names.map(\.text).joined(separator: "/")
    do throws(FileSystemError) {
      let content = try context.registry.acquire(inode, asHandle: false)
      defer { _ = context.registry.release(content, asHandle: false) }
      await compare(content, path, &found)
    } catch {
      // The content file is lost, in part or wholly, or cannot be opened.
      found.add(
        Verification.Damage(
          path: path, offset: 0, bytes: 0, isRepaired: false, error: error.message))
      return found
    }
    await ask(inode, path, &found)
    return found
  }

  // MARK: The cache

  private func compare(
    _ content: FileContent, _ path: String, _ found: inout Verification
  ) async {
    let (size, isDirty, unsummed) = content.state.withLock { state in
      (state.lifecycle.size, state.lifecycle.isDirty, state.lifecycle.unsummedBytes)
    }
    found.checked.files = 1
    if unsummed > 0 { found.unchecked = VolumeStatus.Count(files: 1, bytes: unsummed) }
    if isDirty { found.dirty = VolumeStatus.Count(files: 1, bytes: size) }
    for start in stride(from: 0, to: max(0, size), by: Int(Self.piece)) where !Task.isCancelled {
      let blocks = content.state.withLock {
        $0.lifecycle.summed(in: start..<start + Self.piece)
      }
      do throws(FileSystemError) {
        let damaged = try content.confirm(damaged: content.damage(of: blocks))
        found.checked.bytes += blocks.reduce(0) { $0 + Int64($1.range.count) }
        for block in damaged {
          found.checked.bytes -= Int64(block.range.count)
          found.add(await treat(block, of: content, path))
        }
      } catch {
        found.error = "\(error)"
      }
    }
  }

  private func treat(
    _ block: SummedBlock, of content: FileContent, _ path: String
  ) async -> Verification.Damage {
    var failure: FileSystemError?
    if isRepairing {
      failure = await heal(block, of: content)
    } else {
      context.log.error(
        "The cache disk gave other bytes than it was given",
        metadata: ["path": "\(path)", "offset": "\(block.range.lowerBound)"])
    }
    return Verification.Damage(
      path: path, offset: block.range.lowerBound, bytes: Int64(block.range.count),
      isRepaired: isRepairing && failure == nil, error: failure?.message)
  }

  /// Drops a damaged block and fetches it again; returns why that did not work.
  func heal(_ block: SummedBlock, of content: FileContent) async -> FileSystemError? {
    do throws(FileSystemError) {
      try context.space.discard(damaged: [block], of: content)
      try await downloader.require(block.range, of: content)
      return nil
    } catch {
      return error
    }
  }

  // MARK: The store

  private func ask(
    _ inode: InodeNumber, _ path: String, _ found: inout Verification
  ) async {
    guard let object = (try? context.catalog.inode(inode))?.flatMap(\.object) else { return }
    if let offline = context.health.offline {
      found.unasked = 1
      found.error = "\(offline.error)"
      return
    }
    do throws(ObjectStoreError) {
      let head = try await context.store.head(object.key)
      guard head.etag != object.etag || head.size != object.size else { return }
    } catch {
      guard error.kind == .notFound else {
        found.unasked = 1
        found.error = "\(error)"
        return
      }
    }
    // Moved or replaced by ourselves meanwhile.
    guard let now = try? context.catalog.inode(inode), now.object == object else { return }
    found.changedFiles = 1
    found.changed = [path]
  }
}
