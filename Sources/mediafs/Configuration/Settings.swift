import MediaFSCore
import MediaFSEngine
import S3Client
import SystemPackage

/// What one mount is to do, in types: the result of reading the configuration.
struct Settings: Sendable {
  var source = ""
  var mountpoint = ""
  /// Keys lie beneath `NAMESPACE/`, in addition to what the source's URL says.
  var namespace: String?
  /// Keys begin with this, literally.
  var prefix: String?

  var store = StoreSettings()
  var kernel = KernelSettings()
  var log = LogSettings()

  /// `cache.directory`; `nil` is the state directory of the mount's name.
  var cacheDirectory: String?
  /// The engine's own settings. Directory, keys and modes are filled in by ``MountPlan``.
  var volume = VolumeOptions(stateDirectory: "", keyPrefix: "")

  /// `nil` until they are set: then ``umask`` decides.
  var fileMode: UInt32?
  var directoryMode: UInt32?
  var umask: UInt32?

  /// Asks the store before mounting.
  var checksStore = true
}

extension Settings {
  /// Objects without owner or mode of their own belong to whoever mounts.
  init(owner: Owner) {
    self.init()
    volume.defaultOwner = owner
  }

  /// What the kernel would make of open(2) with 0666 under this umask.
  var effectiveFileMode: UInt32 {
    fileMode ?? umask.map { 0o666 & ~$0 } ?? volume.fileMode
  }

  var effectiveDirectoryMode: UInt32 {
    directoryMode ?? umask.map { 0o777 & ~$0 } ?? volume.directoryMode
  }
}

/// How to reach an S3 store.
struct StoreSettings: Sendable {
  /// `nil` is AWS.
  var endpoint: String?
  var region = "us-east-1"
  var addressing = S3Addressing.auto
  var checksum = ChecksumMode.auto
  var profile: String?
  var credentialsFile: String?
  var connections = 40
  var certificateFile: String?
  var proxy: String?
  var connectTimeout: Duration = .seconds(10)
  /// A transfer that moves nothing for so long is given up and tried again.
  var stallTimeout: Duration = .seconds(30)
}

extension StoreSettings {
  /// A daemon changes its directory, and a relative path must not change its meaning then.
  func absolute(in directory: FilePath) -> StoreSettings {
    var settings = self
    settings.credentialsFile = credentialsFile.map { directory.pushing(FilePath($0)).string }
    settings.certificateFile = certificateFile.map { directory.pushing(FilePath($0)).string }
    return settings
  }
}

/// What mount(2) and the FUSE session are told.
struct KernelSettings: Sendable {
  var allowsOther = false
  /// Options of the kernel itself, passed on as they are (`nosuid`, `noatime`…).
  var options: [String] = []
}

struct LogSettings: Sendable {
  enum Format: String, Sendable, CaseIterable {
    case text
    case json
  }

  enum Level: String, Sendable, CaseIterable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical
  }

  var level = Level.info
  var format = Format.text
}
