import MediaFSTesting

/// A filesystem of its own in a file, mounted while the scenario lasts: what reaches the file is
/// what a disk would have.
final class Disk: Sendable {
  let directory: String
  private let place: String
  private var image: String { place + "/" + name + ".image" }
  private let name: String
  /// Whether a copy of the image has to share its blocks.
  private let sharesBlocks: Bool

  /// Room for a catalog and some content.
  private static let size = "96M"

  /// - Parameters:
  ///   - name: of the image and the mount point beneath the stage's directory.
  ///   - place: the directory that the image lies in, instead of the stage's. It must be of
  ///     ``Reflinks``, which make its copies a matter of milliseconds.
  convenience init(
    on stage: Stage, _ name: String, in place: String? = nil, size: String = Disk.size
  ) throws {
    let directory = place ?? stage.directory.path
    let image = "\(directory)/\(name).image"
    try succeed(["truncate", "-s", size, image])
    // Nothing may write to it that the test does not know of.
    try succeed(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image])
    try self.init(in: directory, sharesBlocks: place != nil, on: stage, name)
  }

  private init(
    in place: String, sharesBlocks: Bool, on stage: Stage, _ name: String
  ) throws {
    self.place = place
    self.name = name
    self.sharesBlocks = sharesBlocks
    directory = try stage.directory.directory(name)
    let image = "\(place)/\(name).image"
    // Without fsync nothing is committed while a test lasts.
    try succeed(["mount", "-o", "loop,commit=3600,noatime", image, directory])
    stage.keep(self)
  }

  deinit {
    _ = try? run(["umount", "-l", directory])
  }

  /// The disk as it is at this moment, without anything that its filesystem still has in memory:
  /// mounted again, which replays the journal.
  func afterPowerCut(on stage: Stage, _ name: String) throws -> Disk {
    // A copy byte by byte takes a while, in which others write.
    let reflink = sharesBlocks ? "always" : "auto"
    try succeed(["cp", "--reflink=\(reflink)", image, "\(place)/\(name).image"])
    return try Disk(in: place, sharesBlocks: sharesBlocks, on: stage, name)
  }

  /// It is needed no more, and nothing of it is written back.
  func discard() throws {
    try breaks()
    try succeed(["umount", "-l", directory])
    try succeed(["rm", image])
  }

  /// Every access fails from now on (EXT4_IOC_SHUTDOWN, without writing anything back).
  func breaks() throws {
    let script = """
      import fcntl, os, struct, sys
      directory = os.open(sys.argv[1], os.O_RDONLY)
      fcntl.ioctl(directory, 0x8004587D, struct.pack("I", 2))
      """
    try succeed(["python3", "-c", script, directory])
  }
}

/// A filesystem for images whose copies share their blocks (XFS): a copy of a disk takes some
/// milliseconds, during which nobody writes to it.
final class Reflinks: Sendable {
  let directory: String

  /// In bytes. Room for some images and what differs between them.
  private static let size = "2G"

  init(on stage: Stage) throws {
    let image = stage.path("reflinks.image")
    try succeed(["truncate", "-s", Self.size, image])
    try succeed(["mkfs.xfs", "-q", "-m", "reflink=1", image])
    directory = try stage.directory.directory("reflinks")
    try succeed(["mount", "-o", "loop,noatime,nouuid", image, directory])
    stage.keep(self)
  }

  deinit {
    _ = try? run(["umount", "-l", directory])
  }
}

extension Stage {
  /// The same namespace as another host would mount it: with a cache of its own.
  func otherHost(options: [String: String] = [:]) throws -> Mount {
    try mount(on: "other mount", cache: "other cache", options: options)
  }
}
