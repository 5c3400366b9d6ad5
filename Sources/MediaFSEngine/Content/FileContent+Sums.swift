import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// What a read of bytes that are here has found.
enum PinnedRead: Sendable {
  case bytes([UInt8])
  /// Blocks that are not what their sums were made of, or are just being changed.
  case damaged([SummedBlock])
  /// Some of it was dropped meanwhile.
  case gone
}

/// What became of blocks that did not agree with their sums.
struct DroppedBlocks: Sendable {
  /// Those that really are damaged.
  var damaged: [SummedBlock] = []
  /// Bytes that the cache does not hold any more.
  var freed: Int64 = 0
  /// Nothing was dropped: they cannot be had from anywhere else.
  var isLost = false
}

/// Blocks are compared with their sums once after each opening, before their first byte is shown,
/// copied or sent. Whoever reads checks what he has read himself, so a block may be dropped, or
/// fetched anew, under the eyes of its readers.
extension FileContent {
  /// Bytes that are here; the range was pinned by ``pinIfPresent(_:)``.
  func readPinned(_ range: Range<Int64>) throws(FileSystemError) -> PinnedRead {
    defer { state.withLock { $0.lifecycle.unpin(range) } }
    let (isHere, blocks) = state.withLock {
      ($0.lifecycle.missing(in: range).isEmpty, $0.lifecycle.unverified(in: range))
    }
    guard isHere else { return .gone }
    do throws(Errno) {
      guard let first = blocks.first, let last = blocks.last else {
        return .bytes(try file.read(count: range.count, at: range.lowerBound))
      }
      let whole =
        min(range.lowerBound, first.range.lowerBound)..<max(range.upperBound, last.range.upperBound)
      let bytes = try file.read(count: whole.count, at: whole.lowerBound)
      let damaged = compare(blocks, with: bytes, at: whole.lowerBound)
      guard damaged.isEmpty else { return .damaged(damaged) }
      if whole == range { return .bytes(bytes) }
      let start = min(bytes.count, Int(range.lowerBound - whole.lowerBound))
      return .bytes(Array(bytes[start..<min(bytes.count, start + range.count)]))
    } catch {
      throw FileSystemError(.ioError, "read", "The cache disk failed", underlying: error)
    }
  }

  /// The checksum of all bytes; `nil` when not all of them are here, or of that version.
  func checksum(
    _ algorithm: ChecksumAlgorithm, ofVersion version: Int64
  ) throws(FileSystemError) -> ObjectChecksum? {
    let (size, changes, isWhole) = state.withLock { state in
      let lifecycle = state.lifecycle
      let isWhole =
        lifecycle.version == version && lifecycle.missing(in: 0..<lifecycle.size).isEmpty
      return (lifecycle.size, lifecycle.changes, isWhole)
    }
    guard isWhole else { return nil }
    var checksum = Checksum(algorithm)
    do throws(Errno) {
      for start in stride(from: 0, to: size, by: 1 << 20) {
        let count = Int(min(1 << 20, size - start))
        checksum.update(try file.read(count: count, at: start))
      }
    } catch {
      throw FileSystemError(.ioError, "upload", "The cache disk failed", underlying: error)
    }
    return state.withLock { $0.lifecycle.changes == changes } ? checksum.result : nil
  }

  /// The blocks of a range that do not agree with their sums, of those that nobody has compared.
  func damage(in range: Range<Int64>) throws(FileSystemError) -> [SummedBlock] {
    try damage(of: state.withLock { $0.lifecycle.unverified(in: range) })
  }

  /// The same of these blocks, compared or not. One that cannot be read is damaged.
  func damage(of blocks: [SummedBlock]) throws(FileSystemError) -> [SummedBlock] {
    blocks.filter { block in
      let bytes = try? file.read(count: block.range.count, at: block.range.lowerBound)
      return !compare([block], with: bytes ?? [], at: block.range.lowerBound).isEmpty
    }
  }

  /// Returns those that differ.
  private func compare(
    _ blocks: [SummedBlock], with bytes: [UInt8], at offset: Int64
  ) -> [SummedBlock] {
    var damaged: [SummedBlock] = []
    var intact: [SummedBlock] = []
    for block in blocks {
      let start = min(bytes.count, Int(block.range.lowerBound - offset))
      let end = min(bytes.count, Int(block.range.upperBound - offset))
      let isIntact = block.agrees(with: bytes[start..<end])
      if isIntact { intact.append(block) } else { damaged.append(block) }
    }
    state.withLock { state in
      for block in intact { state.lifecycle.verified(block) }
    }
    return damaged
  }

  /// Those that still differ from their sums now that nobody changes them. Nothing of them is shown
  /// from now on, even if it agreed before.
  func confirm(damaged suspects: [SummedBlock]) throws(FileSystemError) -> [SummedBlock] {
    try changing.withLock { _ throws(FileSystemError) in
      let unchanged = state.withLock { state in suspects.filter { state.lifecycle.holds($0) } }
      let damaged = try damage(of: unchanged)
      state.withLock { state in
        if !damaged.isEmpty { state.wasDamaged = true }
        for block in damaged { state.lifecycle.distrust(block) }
      }
      return damaged
    }
  }

  /// Forgets blocks that still differ from their sums now that nobody changes them, so that they
  /// are fetched again. They keep their room on the disk, which the fetched bytes will take: who
  /// reads there at the same time must not find zeros.
  func drop(
    damaged suspects: [SummedBlock], _ catalog: Catalog
  ) throws(FileSystemError) -> DroppedBlocks {
    try changing.withLock { _ throws(FileSystemError) in
      let unchanged = state.withLock { state in suspects.filter { state.lifecycle.holds($0) } }
      var dropped = DroppedBlocks(damaged: try damage(of: unchanged))
      guard !dropped.damaged.isEmpty else { return dropped }
      guard state.withLock({ $0.object != nil && !$0.isSuperseded }) else {
        dropped.isLost = true
        return dropped
      }
      do throws(CatalogError) {
        try catalog.removeBlocks(dropped.damaged.map(\.range), of: number)
      } catch {
        throw FileSystemError(error, "read")
      }
      let isDirty = state.withLock { state in
        state.wasDamaged = true
        for block in dropped.damaged {
          state.recordedHoles.remove(block.range)
          state.damaged.insert(block.range)
          dropped.freed += state.lifecycle.lost(block) ?? 0
        }
        return state.lifecycle.isDirty
      }
      // Not all of its bytes are its own any more.
      if isDirty { try label(catalog) }
      return dropped
    }
  }

  /// Sums bytes that have just come; called under ``changing``.
  func sum(arrived bytes: [UInt8], at offset: Int64) {
    let end = state.withLock { $0.lifecycle.extentSums.end }
    let blocks = arriving.withLock { $0.add(bytes, at: offset, end: end) }
    if blocks.isEmpty { return }
    state.withLock { $0.lifecycle.summed(blocks) }
  }

  /// Sums what has come in parts, or before there were sums; called under ``changing``.
  func sumRest(of range: Range<Int64>) {
    let blocks = read(state.withLock { $0.lifecycle.unsummed(in: range) })
    state.withLock { $0.lifecycle.summed(blocks) }
  }

  /// What cannot be read has no sum.
  private func read(_ ranges: [Range<Int64>]) -> [SummedBlock] {
    ranges.compactMap { range in
      guard let bytes = try? file.read(count: range.count, at: range.lowerBound),
        bytes.count == range.count
      else { return nil }
      return SummedBlock(bytes[...], at: range)
    }
  }
}

/// What was summed of a version that is being committed.
struct NewSums: Sendable {
  var blocks: [SummedBlock]
  /// The file's count of changes when it was read.
  var changes: UInt64
}

extension FileContent {
  /// The sums that the file lacks once it is committed.
  ///
  /// The block in which the object ended goes on behind it then, with another sum: what of it was
  /// copied in the store, and not read, is compared before.
  ///
  /// - Parameters:
  ///   - sent: those that were made while it was read to be sent.
  ///   - changes: the file's count at that time.
  func sumsAtCommit(
    besides sent: BlockSums = BlockSums(), since changes: UInt64, _ space: CacheSpace
  ) throws(FileSystemError) -> NewSums {
    let end = state.withLock { $0.lifecycle.extentSums.end }
    if end > 0, end < size { _ = try space.verify(end - 1..<end, of: self) }
    let wanted = state.withLock { $0.lifecycle.unsummedAtCommit }
    var known: [SummedBlock] = []
    var rest: [Range<Int64>] = []
    for range in wanted {
      if let sum = sent[range.lowerBound / BlockSums.length] {
        known.append(SummedBlock(range: range, sum: sum))
      } else {
        rest.append(range)
      }
    }
    return NewSums(blocks: known + read(rest), changes: changes)
  }

  /// For the catalog, in whose transaction the version is committed; under ``changing``. Without
  /// what was summed if the file is another one by now.
  func sums(committing version: Int64, _ new: NewSums) -> CommittedSums {
    state.withLock { state in
      let blocks = state.lifecycle.changes == new.changes ? new.blocks : []
      var after = state.lifecycle
      after.endUpload(committed: version, summed: blocks)
      return CommittedSums(
        after.extentSums, segments: Set(blocks.map { $0.range.lowerBound / Segment.length }))
    }
  }

  /// The catalog has committed a version; under ``changing``.
  func committed(_ object: StoredObject, _ version: Int64, _ new: NewSums) {
    state.withLock { state in
      let blocks = state.lifecycle.changes == new.changes ? new.blocks : []
      state.object = object
      state.parts = nil
      state.lifecycle.endUpload(committed: version, summed: blocks)
    }
  }
}

/// Sums a version of a file while it is sent, in whatever parts.
final class SentSums: Sendable {
  private let state = Mutex((summer: BlockSummer(), sums: BlockSums()))
  private let end: Int64

  /// - Parameter end: of the file, in bytes.
  init(end: Int64) {
    self.end = end
  }

  func add(_ bytes: [UInt8], at offset: Int64) {
    state.withLock { state in
      for block in state.summer.add(bytes, at: offset, end: end) {
        state.sums.set(
          block.sum, of: block.range.lowerBound / BlockSums.length, isVerified: true)
      }
    }
  }

  var sums: BlockSums { state.withLock { $0.sums } }
}
