import Synchronization

/// What a scenario plays on: a bucket of its own on a real server, and a directory for mount
/// points, caches and sources. Mounts end before the bucket goes, and that before the directory.
package final class Stage: Sendable {
  package let bucket: Bucket
  package let directory: TemporaryDirectory
  private let mounts = Mutex<[Mount]>([])
  private let kept = Mutex<[any Sendable]>([])

  /// Runs `scenario`, and cleans up behind it however it ends.
  package static func play<Result>(
    on server: S3Server.Kind = .ceph, _ scenario: (Stage) throws -> Result
  ) throws -> Result {
    let stage = try Stage(on: server)
    defer {
      stage.mounts.withLock { $0.removeAll() }
      stage.kept.withLock { $0.removeAll() }
    }
    return try scenario(stage)
  }

  private init(on server: S3Server.Kind) throws {
    directory = try TemporaryDirectory()
    bucket = try Bucket(on: try S3Server.running(server).access)
  }

  /// A path beneath the stage's directory.
  package func path(_ name: String) -> String { directory.path + "/" + name }

  /// Holds something until the scenario has ended and its mounts are gone.
  package func keep(_ thing: some Sendable) {
    kept.withLock { $0.append(thing) }
  }

  /// Mounts a namespace of the bucket.
  ///
  /// - Parameters:
  ///   - name: of the mount point.
  ///   - cache: of the cache directory; the same name finds what an earlier mount left.
  ///   - access: the way to the server, when it is not the direct one.
  package func mount(
    _ namespace: String = "media", on name: String = "mount", cache: String = "cache",
    through access: S3Access? = nil, options: [String: String] = [:]
  ) throws -> Mount {
    let mount = try Mount(
      bucket, namespace: namespace, on: path(name), cache: path(cache), through: access,
      options: options)
    mounts.withLock { $0.append(mount) }
    return mount
  }
}
