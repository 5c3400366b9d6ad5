package import MediaFSCore
package import SystemPackage

/// Where the bytes of a volume lie: sparse files, named by their ``ContentNumber``.
///
/// An edge: the simulation puts a disk behind it that loses what was not synchronised.
package protocol ContentDisk: Sendable {
  /// Opens a content file for reading and writing, and makes it if it is missing.
  func open(_ content: ContentNumber) throws(Errno) -> any ContentFile

  /// Makes a content file; `EEXIST` where there is one.
  func create(_ content: ContentNumber) throws(Errno) -> any ContentFile

  /// `nil` when there is no such file.
  func status(of content: ContentNumber) throws(Errno) -> ContentStatus?

  /// Removes a content file; fine when there is none. Who has it open reads on.
  func remove(_ content: ContentNumber) throws(Errno)

  /// The name of a content file survives a power cut.
  func synchronizeName(of content: ContentNumber) throws(Errno)

  /// A content file and its name survive a power cut; fine when there is none.
  func synchronize(_ content: ContentNumber) throws(Errno)

  /// All content files survive a power cut, and whatever else is on their disk.
  func synchronizeFilesystem() throws(Errno)

  /// All content files of one bucket, 0 to 255.
  func contents(ofBucket bucket: Int) throws(Errno) -> [ContentNumber]

  /// Sets a content file aside that nothing knows: it may be all that is left of something.
  func quarantine(_ content: ContentNumber) throws(Errno)

  /// What was set aside, content files or not.
  func quarantined() throws(Errno) -> (files: Int, bytes: Int64)
}

/// An open content file; closed when the last reference goes.
package protocol ContentFile: AnyObject, Sendable {
  func status() throws(Errno) -> ContentStatus

  /// Up to `count` bytes; fewer only where the file ends.
  func read(count: Int, at offset: Int64) throws(Errno) -> [UInt8]

  /// Writes all or throws; some of it may be written then.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno)
  func write(_ bytes: [UInt8], at offset: Int64) throws(Errno)

  /// Makes the file `size` bytes long; what is new reads as zeros and takes no space.
  func truncate(to size: Int64) throws(Errno)

  /// Makes a range within the file read as zeros, as a hole where the disk can.
  func clear(_ range: Range<Int64>) throws(Errno)

  /// Gives the disk space of a range back; it reads as zeros. `EOPNOTSUPP` where the disk cannot.
  func punchHole(_ range: Range<Int64>) throws(Errno)

  /// Sets disk space aside for a range, so that writing there cannot find the disk full.
  func reserveSpace(_ range: Range<Int64>) throws(Errno)

  /// Copies a range of another file of the same disk to `offset`; holes stay holes.
  func copy(
    _ range: Range<Int64>, from source: any ContentFile, to offset: Int64
  ) throws(Errno)

  /// The ranges within `range` that are allocated, in order; the gaps are holes.
  func dataExtents(in range: Range<Int64>) throws(Errno) -> [Range<Int64>]

  /// The first byte at or behind `offset` that is not in a hole; `nil` when there is none.
  func nextData(from offset: Int64) throws(Errno) -> Int64?

  /// The first hole at or behind `offset`, the end of the file included; `nil` behind that.
  func nextHole(from offset: Int64) throws(Errno) -> Int64?

  /// What the file says of itself; `nil` where that is nothing, or nothing that is understood.
  func label() throws(Errno) -> ContentLabel?

  /// Replaces what the file says of itself. When it fails the file says nothing any more, and
  /// certainly not what it said before; it throws where that cannot be had either.
  func setLabel(_ label: ContentLabel) throws(Errno)

  /// What ``setSeams(_:)`` was told last; empty where it never was, everything where the disk
  /// cannot note it.
  func seams() throws(Errno) -> Range<Int64>

  /// Notes in which blocks the file has gone on, or soon will. After a power cut it is there
  /// whenever a size is that the file had later.
  func setSeams(_ range: Range<Int64>) throws(Errno)

  /// A descriptor of it, good while this lives; `nil` where no kernel knows of it.
  var backing: CInt? { get }

  /// Whether anybody else has it open, or mapped; `nil` where that cannot be told.
  func isUsedElsewhere() -> Bool?

  /// The disk is to begin with a range; nothing is said of when it is there.
  func beginWriting(_ range: Range<Int64>)

  /// The content survives a power cut.
  func synchronizeData() throws(Errno)
}

/// What a disk tells of a content file.
package struct ContentStatus: Sendable, Hashable {
  /// In bytes.
  package var size: Int64
  /// Nanoseconds since 1970, by the machine's own clock.
  package var modified: Int64

  package init(size: Int64, modified: Int64) {
    self.size = size
    self.modified = modified
  }
}
