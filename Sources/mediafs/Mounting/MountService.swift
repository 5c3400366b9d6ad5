import FuseServer
import Logging
import MediaFSCore
import MediaFSControl
import MediaFSEngine
import PosixIO
import SystemPackage

/// The composition root: puts a store, a volume, a mount and a control socket together, runs them,
/// and takes them apart in the opposite order.
struct MountService: Sendable {
  let plan: MountPlan
  let environment: [String: String]
  /// For everything that may block on the local disk.
  let executor: BlockingExecutor
  let log: Logger

  /// Returns when the mount is gone and everything is on disk.
  ///
  /// - Parameter ready: called once the mount is there.
  func run(ready: @Sendable () -> Void) async throws(Failure) {
    let ending = MountEnding(log: log)
    guard TerminationSignals.watch({ ending.handle($0) }) else {
      throw Failure(.failure, "the system has no thread for signals")
    }
    try checkMountpoint()
    let state = try StateDirectory(locking: plan.stateDirectory, for: plan.mountpoint)
    defer { withExtendedLifetime(state) {} }
    let connection = try StoreConnection(
      plan, environment: environment, createsDirectory: !state.hasCatalog)
    let volume = try await openVolume(connection, isNew: !state.hasCatalog)
    let server = try mount(volume)
    let control = try listen(volume, ending, server)
    volume.attach(server.kernelCache)
    volume.attach(server.backingFiles)
    volume.start()
    ending.serve(with: server)
    log.notice("Mounted", metadata: plan.metadata)
    ready()
    await serve(server)
    await close(volume, control)
  }

  /// Runs the mount on a thread of its own until it is gone.
  private func serve(_ server: FuseServer) async {
    let failure = await withCheckedContinuation { (ended: CheckedContinuation<Errno?, Never>) in
      let thread = DetachedThread(name: "fuse") {
        do throws(Errno) {
          try server.run()
          ended.resume(returning: nil)
        } catch {
          ended.resume(returning: error)
        }
      }
      if !thread.start(stackSize: Self.stackSize) {
        server.stop()
        ended.resume(returning: .resourceTemporarilyUnavailable)
      }
    }
    if let failure { log.error("The mount ended early", metadata: ["error": "\(failure)"]) }
  }

  /// In bytes: the loop's own thread only waits for the workers.
  private static let stackSize = 1 << 20

  /// The connection of a command that unmounts ends last, which tells it that all is on disk.
  private func close(_ volume: Volume, _ control: ControlServer) async {
    ServiceNotifier(environment).stopping("writing down what is left")
    await control.quiesce()
    let left = try? volume.pending(beneath: nil)
    await volume.stop()
    log.notice(
      "Unmounted",
      metadata: ["files_left": "\(left?.files ?? 0)", "bytes_left": "\(left?.bytes ?? 0)"])
    control.close()
  }
}

// MARK: - Parts

extension MountService {
  /// The cheapest question first; the rest is asked when mounting.
  private func checkMountpoint() throws(Failure) {
    do throws(Errno) {
      // After `kill -9`, so that `Restart=on-failure` and a second `mount` just work.
      if try plan.mountpoint.clearDeadMount(type: "fuse.mediafs") {
        log.notice("Took away the mount of a daemon that had died")
      }
      guard try FileTree.status(of: plan.mountpoint).isDirectory else { throw .notDirectory }
    } catch {
      if error == .socketNotConnected {
        throw Failure(.mountpointBusy, MountError.mountpointDead(plan.mountpoint).description)
      }
      throw Failure(
        .mountpointUnusable, "mountpoint \(plan.mountpoint) cannot be used: \(error)")
    }
  }

  /// Opens the volume and checks its store: that of a new one first, because a catalog belongs to
  /// the source it was made for, and a typo must not be what it was made for.
  private func openVolume(
    _ connection: StoreConnection, isNew: Bool
  ) async throws(Failure) -> Volume {
    if isNew { try await check(connection, isKnown: false) }
    let volume = try openVolume(connection)
    if !isNew { try await check(connection, isKnown: volume.isKnown) }
    return volume
  }

  private func openVolume(_ connection: StoreConnection) throws(Failure) -> Volume {
    var options = plan.volume
    do throws(Errno) {
      options.boot = try FileTree.mountIdentity(of: plan.stateDirectory)
    } catch {
      throw Failure(.cacheUnusable, "cache directory \(plan.stateDirectory): \(error)")
    }
    do throws(FileSystemError) {
      return try Volume.open(
        options, store: connection.store, environment: .live(executor: executor), log: log)
    } catch {
      throw Failure(.cacheUnusable, error.message)
    }
  }

  private func check(_ connection: StoreConnection, isKnown: Bool) async throws(Failure) {
    guard plan.settings.checksStore else { return }
    try await StoreCheck(
      plan: plan, connection: connection, isKnown: isKnown, log: log
    ).run()
  }

  private func mount(_ volume: Volume) throws(Failure) -> FuseServer {
    var options = MountOptions(source: plan.source.description)
    options.allowOther = plan.settings.kernel.allowsOther
    options.readOnly = plan.settings.volume.readOnly
    options.kernelOptions = plan.settings.kernel.options
    do throws(MountError) {
      return try FuseServer.mount(
        volume, at: plan.mountpoint, options: options, executor: executor, log: log)
    } catch {
      throw Failure(error)
    }
  }

  private func listen(
    _ volume: Volume, _ ending: MountEnding, _ server: FuseServer
  ) throws(Failure) -> ControlServer {
    do throws(Errno) {
      return try ControlServer(
        path: plan.controlSocket.string, control: volume, executor: executor, log: log,
        onShutdown: { ending.end(because: "a command asked for it") })
    } catch {
      server.stop()
      throw Failure(
        .cacheUnusable, "the control socket \(plan.controlSocket) cannot be made: \(error)")
    }
  }
}

extension Failure {
  init(_ error: MountError) {
    let status: ExitCode
    switch error {
    case .deviceMissing: status = .noFuse
    case .notPermitted: status = .notPermitted
    case .mountpointMissing, .mountpointNotDirectory, .mountpointUnusable:
      status = .mountpointUnusable
    case .mountpointBusy, .mountpointDead: status = .mountpointBusy
    case .refused: status = .failure
    }
    self.init(status, error.description)
  }
}
