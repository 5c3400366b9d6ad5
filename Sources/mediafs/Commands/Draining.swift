import ArgumentParser
import MediaFSControl
import MediaFSEngine

/// The options of commands that wait for uploads.
struct DrainOptions: ParsableArguments {
  @Option(help: "Give up after this time, such as 10m; without it wait for ever.")
  var timeout: Patience?

  @Flag(name: .customLong("no-progress"), help: "Print no progress.")
  var isQuiet = false
}

/// A duration on the command line.
struct Patience: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let duration = ValueType<Duration>.positiveDuration.parse(argument) else { return nil }
    self.duration = duration
  }
}

/// Uploads what is waiting on a mount, and shows how it goes.
struct Draining {
  let mount: RunningMount
  let options: DrainOptions

  enum Outcome: Sendable {
    case done
    /// Why something is left.
    case left(VolumeStatus.Count, reason: String)
  }

  func run(_ client: ControlClient) throws(Failure) -> Outcome {
    var progress = Progress(
      .init(isWanted: !options.isQuiet, isTerminal: ProcessEnvironment.isTerminal))
    let reason: String
    do {
      defer { ProcessEnvironment.print(progress.end()) }
      _ = try client.ask(.flush(path: mount.path), patience: options.timeout?.duration) { left in
        if let text = progress.update(left: left) { ProcessEnvironment.print(text) }
      }
      return .done
    } catch is ControlClient.TimedOut {
      reason = "out of time"
    } catch let failure as ControlFailure {
      reason = failure.message
    } catch {
      throw mount.failure(error)
    }
    // A connection of its own: the flush still occupies the other.
    guard case .pending(let left) = try mount.ask(.pending(path: mount.path)) else {
      throw mount.unexpected
    }
    return .left(left, reason: reason)
  }
}
