/// How a command ends. The Configuration chapter prints this table; scripts rely on the numbers.
enum ExitCode: Int32, CaseIterable, Sendable {
  case success = 0
  /// Something that has no number of its own.
  case failure = 1

  // The store.
  case credentialsRefused = 10
  case accessDenied = 11
  case clockSkew = 12
  case wrongRegion = 13
  case noSuchBucket = 14
  case storeUnreachable = 15
  case storeLacksFeature = 16

  // This machine.
  case cacheUnusable = 20
  case mountpointUnusable = 21
  case mountpointBusy = 22
  case stateInUse = 23
  case noFuse = 24
  case notPermitted = 25

  // A running mount.
  case notMounted = 30
  case daemonSilent = 31
  case workLeft = 32

  /// EX_USAGE of sysexits(3), which the argument parser uses as well.
  case usage = 64

  var meaning: String {
    switch self {
    case .success: "done"
    case .failure: "failed for another reason"
    case .credentialsRefused: "credentials missing or refused by the store"
    case .accessDenied: "the credentials lack a right"
    case .clockSkew: "this machine's clock is wrong"
    case .wrongRegion: "the bucket is in another region"
    case .noSuchBucket: "the bucket does not exist"
    case .storeUnreachable: "the store cannot be reached or does not work"
    case .storeLacksFeature: "the store lacks or breaks something mediafs needs"
    case .cacheUnusable: "the cache directory cannot be used"
    case .mountpointUnusable: "the mountpoint is missing or no directory"
    case .mountpointBusy: "the mountpoint is already mounted, or still in use"
    case .stateInUse: "another daemon uses the state directory"
    case .noFuse: "the kernel has no FUSE, or does not give it"
    case .notPermitted: "a permission is missing on this machine"
    case .notMounted: "the path is not on a mediafs mount"
    case .daemonSilent: "the daemon of the mount does not answer"
    case .workLeft: "something is not uploaded: out of time, parked, or uploads are paused"
    case .usage: "wrong command line or configuration"
    }
  }
}

/// Why a command ends early: its exit status and one line of cause.
struct Failure: Error, CustomStringConvertible, Sendable {
  let status: ExitCode
  let message: String

  init(_ status: ExitCode, _ message: String) {
    self.status = status
    self.message = message
  }

  init(_ error: ConfigurationError) {
    self.init(.usage, error.description)
  }

  /// A message of several lines would break the promise of one line of cause.
  var description: String {
    message.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
