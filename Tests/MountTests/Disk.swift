import MediaFSTesting

/// A filesystem of its own in a file, mounted while the scenario lasts: what reaches the file is
/// what a disk would have.
final class Disk: Sendable {
  let directory: String
  private let image: String

  /// Room for a catalog and some content.
  private static let size = "96M"

  /// - Parameter name: of the image and the mount point beneath the stage's directory.
  convenience init(on stage: Stage, _ name: String) throws {
    let image = stage.path(name + ".image")
    try succeed(["truncate", "-s", Self.size, image])
    // Nothing may write to it that the test does not know of.
    try succeed(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image])
    try self.init(image: image, on: stage, name)
  }

  private init(image: String, on stage: Stage, _ name: String) throws {
    self.image = image
    directory = try stage.directory.directory(name)
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
    let image = stage.path(name + ".image")
    try succeed(["cp", "--sparse=always", self.image, image])
    return try Disk(image: image, on: stage, name)
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

extension Stage {
  /// The same namespace as another host would mount it: with a cache of its own.
  func otherHost(options: [String: String] = [:]) throws -> Mount {
    try mount(on: "other mount", cache: "other cache", options: options)
  }
}
