import MediaFSControl
import MediaFSEngine
import PosixIO
import SystemPackage

/// A mount with its daemon, and the part of it that a command is about.
struct RunningMount: Sendable {
  let entry: MountTable.Entry
  /// Relative to the mountpoint; `nil` is all of it.
  let path: String?

  /// The root of a mount answers the path of its daemon's socket under this name.
  private static let socketAttribute = "user.mediafs.socket"

  /// The mount that holds a path given by the user.
  ///
  /// - Parameter path: `nil` for the one mount there is, or that of the current directory.
  static func find(_ path: String?) throws(Failure) -> RunningMount {
    let table = try MountTable.ofMediafs()
    guard let path else { return try only(of: table) }
    for candidate in candidates(FilePath(path)) {
      if let (entry, relative) = table.mount(holding: candidate.string) {
        return RunningMount(entry: entry, path: relative.isEmpty ? nil : relative)
      }
    }
    throw Failure(.notMounted, "\(path) is not on a mediafs mount")
  }

  /// All of them, or the one at a path.
  static func all(_ path: String?) throws(Failure) -> [RunningMount] {
    if let path { return [try find(path)] }
    return try MountTable.ofMediafs().entries.map { RunningMount(entry: $0, path: nil) }
  }

  private static func only(of table: MountTable) throws(Failure) -> RunningMount {
    let here = FileNames.currentDirectory().string
    if let (entry, _) = table.mount(holding: here) { return RunningMount(entry: entry, path: nil) }
    guard let first = table.entries.first else {
      throw Failure(.notMounted, "there is no mediafs mount")
    }
    guard table.entries.count == 1 else {
      let names = table.entries.map(\.mountpoint).joined(separator: ", ")
      throw Failure(.usage, "there are several mounts, name one: \(names)")
    }
    return RunningMount(entry: first, path: nil)
  }

  /// The path itself, with its directory resolved: that works where the daemon is dead, and for a
  /// symbolic link on the mount. Then what it leads to.
  private static func candidates(_ path: FilePath) -> [FilePath] {
    let absolute = FileNames.currentDirectory().pushing(path)
    var found: [FilePath] = []
    if let name = absolute.lastComponent, name.kind == .regular,
      let parent = FileNames.resolved(absolute.removingLastComponent())
    {
      found.append(parent.appending(name))
    }
    if let target = FileNames.resolved(absolute) { found.append(target) }
    return found + [absolute.lexicallyNormalized()]
  }
}

extension RunningMount {
  /// Connects to the daemon.
  func client() throws(Failure) -> ControlClient {
    let mountpoint = entry.mountpoint
    let socket: String
    do throws(Errno) {
      // Not by opening it: the store is asked what is in a directory that is not known yet.
      let value = try FileTree.extendedAttribute(
        Self.socketAttribute, of: FilePath(mountpoint))
      guard let value else { throw .noData }
      socket = String(decoding: value, as: UTF8.self)
    } catch {
      switch error {
      case .socketNotConnected, .connectionAbort:
        throw Failure(
          .daemonSilent, "the daemon of \(mountpoint) is gone; run: mediafs umount \(mountpoint)")
      case .permissionDenied, .notPermitted:
        throw Failure(.notPermitted, "\(mountpoint) is the mount of another user")
      default: throw Failure(.daemonSilent, "the daemon of \(mountpoint) cannot be asked: \(error)")
      }
    }
    do {
      return try ControlClient(path: socket)
    } catch {
      throw failure(error)
    }
  }

  /// Asks one question on a connection of its own.
  func ask(_ request: ControlRequest) throws(Failure) -> ControlReply {
    let client = try client()
    do {
      return try client.ask(request)
    } catch {
      throw failure(error)
    }
  }

  func status() throws(Failure) -> VolumeStatus {
    guard case .status(let volume) = try ask(.status) else { throw unexpected }
    return volume
  }

  /// What went wrong between us and the daemon, for the user.
  func failure(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure: failure
    case let failure as ControlFailure: Failure(.failure, failure.message)
    case ControlClient.Failure.unreachable(.permissionDenied):
      Failure(.notPermitted, "the daemon of \(entry.mountpoint) belongs to another user")
    case ControlClient.Failure.unreachable(let errno):
      Failure(.daemonSilent, "the daemon of \(entry.mountpoint) cannot be reached: \(errno)")
    default: Failure(.daemonSilent, "the daemon of \(entry.mountpoint) does not answer")
    }
  }

  var unexpected: Failure {
    Failure(.daemonSilent, "the daemon of \(entry.mountpoint) is another version of mediafs")
  }
}
