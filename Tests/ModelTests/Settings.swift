import MediaFSEngine
import MediaFSTesting
import ObjectStorage

/// In what surroundings the operations of a seed are carried out.
struct Settings: Sendable {
  /// Of the network, the order of tasks and all else that is left to chance.
  var seed: UInt64
  /// Files are about as large as this, in bytes.
  var scale: Int64
  var uploadDelay: Duration
  var uploadMaximumDelay: Duration
  var deleteDelay: Duration
  var metadataTTL: Duration?
  var fetchesFirstBytes: Bool
  var cacheSize: Int64
  var uploadConcurrency: Int
  var uploadSynchronous: Bool
  var isCalm: Bool
  var conditions: ConditionSupport
  /// Of deletes, where the store takes conditions at all.
  var checksDeletes: Bool
  var pageSize: Int
  /// Of this name conflict copies tell.
  var host = "here"
  /// What the operations are about.
  var theme: Theme
  /// What is wrong with the volume; `nil`: nothing that is known.
  var mutant: Mutant?

  enum Theme: Sendable {
    case everything
    /// The bytes of two files, of which again and again some are here and some at the store, and
    /// what a power cut leaves of them.
    case bytes
  }

  init(seed: UInt64) {
    theme = seed.isMultiple(of: 4) ? .bytes : .everything
    var random = SeededRandom(seed: seed &* 2 &+ 1)
    self.seed = seed
    func choose<Value>(_ values: Value...) -> Value {
      values[Int.random(in: values.indices, using: &random)]
    }
    scale = choose(200, 5_000, 70_000, 70_000, 300_000, 300_000, 300_000, 2_500_000)
    uploadDelay = choose(.zero, .milliseconds(50), .seconds(1), .seconds(10))
    uploadMaximumDelay = choose(.zero, .seconds(5), .seconds(600))
    deleteDelay = choose(.zero, .zero, .seconds(5), .seconds(600))
    metadataTTL = choose(nil, nil, .zero, .seconds(1), .seconds(60))
    // What is open or dirty cannot be evicted; all else gives way.
    cacheSize = choose(1 << 30, 1 << 30, scale * 16)
    uploadConcurrency = choose(1, 2, 8)
    isCalm = choose(true, true, false)
    uploadSynchronous = isCalm && choose(false, false, false, true)
    let refusal = ObjectStoreError(
      .invalid, code: "NotImplemented", message: "a condition", httpStatus: 501)
    conditions = choose(
      .checked, .checked, .checked, .ignoredOnCopies, .ignored, .refused(refusal))
    pageSize = choose(1_000, 1_000, 2, 5)
    let checksWrites =
      switch conditions {
      case .checked, .ignoredOnCopies: true
      case .ignored, .refused: false
      }
    checksDeletes = choose(true, false) && checksWrites
    fetchesFirstBytes = choose(true, false)
  }

  /// Small enough that files of every scale but the smallest go up in parts.
  var limits: StoreLimits {
    StoreLimits(
      putSize: 200_000, minimumPartSize: 16 << 10, maximumPartSize: 1 << 30, partCount: 10_000,
      objectSize: 1 << 26)
  }

  /// What is not synchronized although it was asked for.
  var forgets: (contents: Bool, log: Bool) { mutant?.forgets ?? (false, false) }

  func options(in directory: String, boot: Int) -> VolumeOptions {
    var options = VolumeOptions(stateDirectory: directory, keyPrefix: Self.prefix)
    options.source = "memory"
    options.uploadDelay = uploadDelay
    options.uploadMaximumDelay = uploadMaximumDelay
    options.deleteDelay = deleteDelay
    options.metadataTTL = metadataTTL
    options.fetchesFirstBytes = fetchesFirstBytes
    options.cacheSize = cacheSize
    options.cacheMinimumFree = 0
    options.uploadConcurrency = uploadConcurrency
    options.uploadSynchronous = uploadSynchronous
    options.uploadPartSize = 64 << 10
    options.host = host
    options.boot = mutant == .cutsAreNotNoticed ? "the only one" : "\(boot)"
    // A calm network answers in the end, however many pages a listing has.
    options.networkDeadline = isCalm ? .seconds(3_600) : .seconds(30)
    return options
  }

  static let prefix = "ns/"
}
