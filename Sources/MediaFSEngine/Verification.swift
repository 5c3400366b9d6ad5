/// What `mediafs verify` has found.
///
/// The names of the fields are those of `verify --json`: to rename one breaks scripts.
package struct Verification: Sendable, Hashable, Codable {
  /// Items that are listed of each sort; the log has all.
  package static let listed = 100

  /// A cached block that is not what it was.
  package struct Damage: Sendable, Hashable, Codable {
    package var path: String
    /// In bytes.
    package var offset: Int64
    package var bytes: Int64
    package var isRepaired: Bool
    /// Why it was not repaired, if that was tried.
    package var error: String?

    package init(path: String, offset: Int64, bytes: Int64, isRepaired: Bool, error: String?) {
      self.path = path
      self.offset = offset
      self.bytes = bytes
      self.isRepaired = isRepaired
      self.error = error
    }
  }

  /// Files of which something is cached, and the bytes that agree with their checksums.
  package var checked = VolumeStatus.Count()
  /// Cached bytes of the store that have no checksum, and the files that have such.
  package var unchecked = VolumeStatus.Count()
  /// Files that are not uploaded yet: what was changed has no checksum.
  package var dirty = VolumeStatus.Count()
  package var damagedBlocks = 0
  package var repairedBlocks = 0
  package var damaged: [Damage] = []
  /// Files whose object is another one than the one they were read from, or gone: no damage.
  package var changedFiles = 0
  package var changed: [String] = []
  /// Files of which the store did not tell, and why the last one.
  package var unasked = 0
  package var error: String?

  package init() {}

  /// Nothing is damaged any more.
  package var isIntact: Bool { damagedBlocks == repairedBlocks }

  mutating func add(_ damage: Damage) {
    damagedBlocks += 1
    if damage.isRepaired { repairedBlocks += 1 }
    if damaged.count < Self.listed { damaged.append(damage) }
  }

  mutating func formUnion(_ other: Verification) {
    func add(_ count: VolumeStatus.Count, to sum: inout VolumeStatus.Count) {
      sum.files += count.files
      sum.bytes += count.bytes
    }
    add(other.checked, to: &checked)
    add(other.unchecked, to: &unchecked)
    add(other.dirty, to: &dirty)
    damagedBlocks += other.damagedBlocks
    repairedBlocks += other.repairedBlocks
    damaged += other.damaged.prefix(max(0, Self.listed - damaged.count))
    changedFiles += other.changedFiles
    changed += other.changed.prefix(max(0, Self.listed - changed.count))
    unasked += other.unasked
    error = other.error ?? error
  }
}
