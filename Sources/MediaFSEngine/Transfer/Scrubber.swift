import Logging
import MediaFSCatalog
import MediaFSCore
import Synchronization

/// Reads all of the cache slowly and compares it with its checksums, so that damage is found while
/// the store still has the bytes.
struct Scrubber: Sendable {
  /// In bytes for each second: a cache of 10 GiB is read in three hours, one of 1 TiB in twelve
  /// days, and neither a disk nor a processor notices. Faster, it would compete with readers.
  private static let rate: Int64 = 1 << 20
  /// The applications first: behind a start, everybody wants the disk.
  private static let firstPause: Duration = .seconds(60)
  /// Between the end of all and the next beginning.
  private static let rest: Duration = .seconds(86_400)
  /// The place is written down about once a minute: what is read twice after a crash.
  private static let stepsPerNote = 60
  private static let note = "scrub"

  let context: VolumeContext
  let downloader: Downloader

  /// Where the next look begins.
  struct Place {
    /// More than any file has bytes, or a catalog content files.
    private static let limit: Int64 = 1 << 60

    fileprivate(set) var content = ContentNumber(0)
    fileprivate(set) var offset: Int64 = 0

    init() {}

    init?(_ text: String) {
      let parts = text.split(separator: ":").compactMap { Int64($0) }
      guard parts.count == 2, parts.allSatisfy({ (0..<Self.limit).contains($0) }) else {
        return nil
      }
      (content, offset) = (ContentNumber(parts[0]), parts[1])
    }

    var text: String { "\(content):\(offset)" }
  }

  /// Until it is cancelled.
  func run() async {
    await context.environment.sleep(Self.firstPause)
    var place = ((try? context.catalog.note(Self.note)) ?? nil).flatMap { Place($0) } ?? Place()
    var steps = 0
    while !Task.isCancelled {
      var isEnd = true
      do throws(CatalogError) {
        isEnd = try await step(&place)
        steps += 1
        if isEnd || steps % Self.stepsPerNote == 0 {
          try context.catalog.note(Self.note, place.text)
        }
      } catch {
        // It may be read again.
        context.log.warning("The cache was not looked through: \(error)")
      }
      await context.environment.sleep(isEnd ? Self.rest : .seconds(1))
    }
    try? context.catalog.note(Self.note, place.text)
  }

  /// Reads what one second allows. True at the end of all, where it begins anew.
  func step(_ place: inout Place) async throws(CatalogError) -> Bool {
    var left = Self.rate
    while left > 0, !Task.isCancelled {
      guard let (content, inode) = try context.catalog.summedContent(from: place.content) else {
        place = Place()
        return true
      }
      if content != place.content { (place.content, place.offset) = (content, 0) }
      let read = await read(&place, of: inode, limit: left)
      // Opening a file costs something as well.
      left -= max(read, BlockSums.length / 4)
    }
    return false
  }

  /// Returns how many bytes were read.
  private func read(_ place: inout Place, of inode: InodeNumber, limit: Int64) async -> Int64 {
    guard let content = try? context.registry.acquire(inode, asHandle: false) else {
      // It says so itself when it is opened.
      place = Self.behind(place)
      return 0
    }
    defer { _ = context.registry.release(content, asHandle: false) }
    let start = place.offset
    let (blocks, size, isWhole) = content.state.withLock { state in
      (
        state.lifecycle.summed(in: start..<start + max(limit, BlockSums.length)),
        state.lifecycle.size, state.lifecycle.missing(in: 0..<state.lifecycle.size).isEmpty
      )
    }
    place.offset += max(limit, BlockSums.length)
    if content.number != place.content || place.offset >= size { place = Self.behind(place) }
    let suspects = (try? content.damage(of: blocks)) ?? []
    if !suspects.isEmpty { await heal(suspects, of: content, isWhole: isWhole) }
    return blocks.reduce(0) { $0 + Int64($1.range.count) }
  }

  private static func behind(_ place: Place) -> Place {
    var next = Place()
    next.content = ContentNumber(place.content.value + 1)
    return next
  }

  /// What was all here is so again afterwards.
  private func heal(
    _ suspects: [SummedBlock], of content: FileContent, isWhole: Bool
  ) async {
    do throws(FileSystemError) {
      let damaged = try content.confirm(damaged: suspects)
      try context.space.discard(damaged: damaged, of: content)
      guard isWhole else { return }
      for block in damaged { try await downloader.require(block.range, of: content) }
    } catch {
      // What was dropped is fetched by who reads it.
      context.log.warning("A damaged block was not fetched again: \(error)")
    }
  }
}
