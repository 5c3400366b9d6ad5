import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import SystemPackage

/// Fills a new catalog with what content files say of themselves. Nothing in the content directory
/// changes but what goes to the quarantine, so that a crash in the middle repeats it.
///
/// What is dirty is put back where it was and queued. It replaces the object that it was changed
/// from, and no other: then both survive, as in any conflict. What the store has is dropped, since
/// it can be fetched. What says nothing, or not enough, is set aside; so is what has gaps when the
/// host has lost power, since only the catalog knew which of them are the file's own.
struct Restoration {
  /// Content files in one transaction.
  private static let batch = 500
  /// Content files that are logged each.
  private static let logged = 100

  let catalog: Catalog
  let disk: any ContentDisk
  let environment: Environment
  /// Bytes that the content files had may have been lost.
  let isAfterCut: Bool
  let log: Logger

  /// What was found.
  struct Tally {
    var restored = 0
    var dropped = 0
    var quarantined = 0
  }

  @discardableResult
  func run() throws -> Tally {
    var tally = Tally()
    for bucket in 0..<256 {
      let contents = try disk.contents(ofBucket: bucket)
      for start in stride(from: 0, to: contents.count, by: Self.batch) {
        try restore(contents[start..<min(contents.count, start + Self.batch)], &tally)
      }
    }
    // Nothing of the new catalog says which bytes may not be on disk.
    try disk.synchronizeFilesystem()
    log.notice(
      "The catalog was made anew",
      metadata: [
        "put_back": "\(tally.restored)", "dropped": "\(tally.dropped)",
        "quarantined": "\(tally.quarantined)",
      ])
    return tally
  }

  private func restore(_ contents: ArraySlice<ContentNumber>, _ tally: inout Tally) throws {
    var files: [RestoredFile] = []
    var dropped: [ContentNumber] = []
    for content in contents {
      let file = try disk.open(content)
      let label = try? file.label()
      switch label?.state {
      case .clean, .nameless: dropped.append(content)
      case .whole:
        guard let place = label?.place else { continue }
        let restored = try self.file(content, place, file)
        if isAfterCut, try mayLack(restored, in: file) {
          try setAside(content, place, &tally)
        } else {
          files.append(restored)
        }
      case .partial, nil:
        try setAside(content, label?.place, &tally)
      }
    }
    for (file, path) in try catalog.restore(files, at: environment.now()) {
      log.warning("\(Self.text(file.path)) was taken: its bytes are at \(Self.text(path))")
    }
    try catalog.condemn(dropped)
    tally.restored += files.count
    tally.dropped += dropped.count
  }

  private func file(
    _ content: ContentNumber, _ place: ContentLabel.Place, _ file: any ContentFile
  ) throws(Errno) -> RestoredFile {
    let status = try file.status()
    let data = try file.dataExtents(in: 0..<status.size)
    return RestoredFile(
      content: content, path: place.path, permissions: place.permissions, owner: place.owner,
      size: status.size, modified: Timestamp(nanosecondsSinceEpoch: status.modified),
      holes: FileLifecycle.holes(
        size: status.size, baseSize: 0, present: ByteRangeSet(), data: data),
      object: place.base.map {
        StoredObject(key: ObjectKey($0.key), etag: ETag($0.etag), size: $0.size)
      })
  }

  /// A power cut may have taken bytes of it: there are zeros where it never got any, or at its end,
  /// where the disk may have had the size before the bytes.
  private func mayLack(
    _ restored: RestoredFile, in file: any ContentFile
  ) throws(Errno) -> Bool {
    if !restored.holes.isEmpty { return true }
    guard restored.size > 0 else { return false }
    return try file.read(count: 1, at: restored.size - 1).first == 0
  }

  private func setAside(
    _ content: ContentNumber, _ place: ContentLabel.Place?, _ tally: inout Tally
  ) throws(Errno) {
    try disk.quarantine(content)
    tally.quarantined += 1
    guard tally.quarantined <= Self.logged else { return }
    if let place {
      let path = Self.text(place.path)
      log.error("Changes of \(path) are in quarantine/\(content): which of it, nobody knows")
    } else {
      log.warning("Content file \(content) says nothing of itself and was set aside")
    }
  }

  private static func text(_ path: [FileName]) -> String {
    path.map(\.text).joined(separator: "/")
  }
}
