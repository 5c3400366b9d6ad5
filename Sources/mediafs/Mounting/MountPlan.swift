import Logging
import MediaFSCore
import MediaFSEngine
import SystemPackage

/// Everything that a mount needs to know, resolved and checked as far as that goes before the
/// store is asked.
struct MountPlan: Sendable {
  let configuration: Configuration
  let source: Source
  /// Absolute.
  let mountpoint: FilePath
  let name: String
  /// Catalog, content, lock, log and control socket.
  let stateDirectory: FilePath
  let volume: VolumeOptions
  /// Its paths are absolute.
  let store: StoreSettings
  /// One line each, for the log.
  let warnings: [String]

  var settings: Settings { configuration.settings }
  var controlSocket: FilePath { stateDirectory.appending("control.sock") }
  var logFile: FilePath { stateDirectory.appending("mediafs.log") }

  /// - Parameters:
  ///   - instance: what `%i` stands for: the name given, or that of the configuration file.
  ///   - directory: relative paths begin here.
  init(
    _ configuration: Configuration, instance: String?, place: StatePlace, directory: FilePath,
    environment: [String: String]
  ) throws(Failure) {
    let settings = configuration.settings
    let sourceText = try Self.expand(settings.source, instance, "source")
    let mountpointText = try Self.expand(settings.mountpoint, instance, "mountpoint")
    do {
      source = try Source(
        parsing: sourceText, namespace: settings.namespace, prefix: settings.prefix)
    } catch {
      throw Failure(.usage, error.description)
    }
    if let instance, !MountName.isValid(instance) {
      throw Failure(
        .usage, "name \(instance.debugDescription) is not valid: use letters and digits")
    }
    name = instance ?? MountName.derive(from: source, endpoint: settings.store.endpoint)
    mountpoint = directory.pushing(FilePath(mountpointText)).lexicallyNormalized()
    let cache = settings.cacheDirectory.map { directory.pushing(FilePath($0)) }
    stateDirectory = cache?.lexicallyNormalized() ?? place.directory(of: name)
    self.configuration = configuration
    store = settings.store.absolute(in: directory)
    let credentials = CredentialsFileCheck(store, environment)
    warnings = configuration.warnings + (try credentials.run().map { [$0] } ?? [])
    volume = Self.volumeOptions(
      settings, source: source, mountpoint: mountpoint, stateDirectory: stateDirectory)
  }

  private static func volumeOptions(
    _ settings: Settings, source: Source, mountpoint: FilePath, stateDirectory: FilePath
  ) -> VolumeOptions {
    var volume = settings.volume
    volume.stateDirectory = stateDirectory.string
    volume.keyPrefix = source.keyPrefix
    volume.source = source.description
    volume.endpoint = settings.store.endpoint ?? ""
    volume.mountpoint = mountpoint.string
    volume.controlSocket = stateDirectory.appending("control.sock").string
    volume.mimeTypes = (try? TextFile.read(mimeTypes, limit: 1 << 20).text) ?? ""
    volume.host = FileNames.host()
    volume.accessTimes = AccessTimePolicy(mountOptions: settings.kernel.options)
    volume.fileMode = settings.effectiveFileMode
    volume.directoryMode = settings.effectiveDirectoryMode
    return volume
  }

  /// Debian's table of content types, from the package media-types; the built-in one follows it.
  private static let mimeTypes = "/etc/mime.types"

  private static func expand(
    _ text: String, _ instance: String?, _ key: String
  ) throws(Failure) -> String {
    guard !text.isEmpty else {
      throw Failure(.usage, "no \(key) is given: name it as argument or in the configuration file")
    }
    guard text.contains("%i") else { return text }
    guard let instance else {
      throw Failure(.usage, "\(key) \(text.debugDescription) has %i in it and the mount no --name")
    }
    return text.replacing("%i", with: instance)
  }
}

/// Where state directories lie.
struct StatePlace: Sendable {
  let root: FilePath

  /// The system's place for root, and the user's own for others (XDG base directories).
  init(isPrivileged: Bool, environment: [String: String]) {
    if isPrivileged {
      root = "/var/lib/mediafs"
    } else if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
      root = FilePath(state).appending("mediafs")
    } else {
      root = FilePath(environment["HOME"] ?? "/").appending(".local/state/mediafs")
    }
  }

  func directory(of name: String) -> FilePath { root.appending(name) }
}

extension MountPlan {
  /// For the log; a source holds no secrets.
  var metadata: Logger.Metadata {
    [
      "source": "\(source.description)", "mountpoint": "\(mountpoint)", "name": "\(name)",
      "state": "\(stateDirectory)",
    ]
  }
}
