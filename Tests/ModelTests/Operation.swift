import MediaFSCore
import MediaFSEngine
import SystemPackage

/// One thing that an application does, as text and numbers only: it can be left out, and those
/// behind it still mean something.
enum Operation: Sendable, Hashable {
  /// A path beneath the mount point, by its names; never empty but for the root.
  typealias Place = [String]

  // Names.
  case look(Place)
  case list(Place, page: Int)
  case makeDirectory(Place, permissions: UInt32, Owner, umask: UInt32)
  case removeDirectory(Place)
  case unlink(Place)
  case rename(Place, Place, Mode)
  case makeSymbolicLink(Place, target: String)
  case readSymbolicLink(Place)
  case makeNode(Place, FileKind, permissions: UInt32, device: UInt64)
  case link(Place, Place)
  case linkOpen(Int, Place)

  // Attributes.
  case setAttributes(Place, AttributeChanges)
  case resizeOpen(Int, Int64)
  case setExtended(Place, name: String, count: Int, Setting)
  case getExtended(Place, name: String)
  case listExtended(Place)
  case removeExtended(Place, name: String)

  // Open files, by the number of the descriptor.
  case create(Int, Place, UInt32, permissions: UInt32, Owner, umask: UInt32)
  case open(Int, Place, UInt32)
  case makeTemporary(Int, Place, permissions: UInt32)
  case read(Int, Int64, count: Int)
  case write(Int, Int64, count: Int, fill: UInt8, isPage: Bool)
  case allocate(Int, Range<Int64>, Allocated)
  case seek(Int, Int64, isData: Bool)
  case copy(Int, Int64, Int, Int64, count: Int64)
  case flush(Int)
  case synchronize(Int)
  case close(Int)

  // What happens around the application.
  case event(Event)

  enum Mode: Sendable, Hashable {
    case replace, noReplace, exchange

    var mode: RenameMode {
      switch self {
      case .replace: .replace
      case .noReplace: .noReplace
      case .exchange: .exchange
      }
    }
  }

  enum Setting: Sendable, Hashable {
    case createOrReplace, create, replace

    var setting: AttributeSetting {
      switch self {
      case .createOrReplace: .createOrReplace
      case .create: .create
      case .replace: .replace
      }
    }
  }

  enum Allocated: Sendable, Hashable {
    case reserve, reserveKeepingSize, punchHole, zero, zeroKeepingSize

    var allocation: Allocation {
      switch self {
      case .reserve: .reserve(keepingSize: false)
      case .reserveKeepingSize: .reserve(keepingSize: true)
      case .punchHole: .punchHole
      case .zero: .zero(keepingSize: false)
      case .zeroKeepingSize: .zero(keepingSize: true)
      }
    }
  }

  enum Event: Sendable, Hashable {
    /// Time passes, in milliseconds.
    case wait(Int)
    /// `kill -9`, and a new daemon on the same state.
    case crash
    /// `kill -9` in the middle of something: at the disk operation after so many others.
    case die(after: Int)
    /// The power is cut, at the disk operation after so many others; `nil`: now.
    case cut(after: Int?)
    /// An orderly end, and a new daemon on the same state.
    case remount
    /// Everything is uploaded, and a new daemon begins with an empty cache.
    case forget
    case pause(Bool)
    case evict
    /// Failures and lost answers, of a thousand calls.
    case weather(failures: Int, lostAnswers: Int)
    case outage(Bool)
    case drain
    case compare
  }

  /// It may leave something else behind than there was.
  var isChange: Bool {
    switch self {
    case .look, .list, .readSymbolicLink, .getExtended, .listExtended, .read, .seek: false
    default: true
    }
  }

  /// Descriptors that an operation needs open.
  var slots: [Int] {
    switch self {
    case .linkOpen(let slot, _), .resizeOpen(let slot, _), .read(let slot, _, _),
      .write(let slot, _, _, _, _), .allocate(let slot, _, _), .seek(let slot, _, _),
      .flush(let slot), .synchronize(let slot), .close(let slot):
      [slot]
    case .copy(let source, _, let target, _, _): [source, target]
    default: []
    }
  }
}
