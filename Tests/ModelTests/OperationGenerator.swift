import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage

/// Makes operations at random that often enough mean the same few names.
struct OperationGenerator {
  private static let names = ["a", "b", "c", "\u{e9}", "e\u{301}"]
  private static let extended = ["user.a", "user.b", "security.c"]
  private static let permissions: [UInt32] = [0o644, 0o600, 0o755, 0o444, 0o1777]
  private static let owners = [
    Owner(user: 0, group: 0), Owner(user: 0, group: 0), Owner(user: 1_000, group: 100),
  ]

  private var random: SeededRandom
  private let settings: Settings
  private var fill: UInt8 = 0

  init(_ settings: Settings) {
    self.settings = settings
    random = SeededRandom(seed: settings.seed &* 2)
  }

  mutating func sequence(_ count: Int) -> [Operation] {
    // Something for the others to be about.
    (0..<count).map { $0 < 6 ? makeSomething() : next() }
  }

  private mutating func makeSomething() -> Operation {
    settings.theme == .everything && chance(0.5)
      ? .makeDirectory(
        place(depth: 1), permissions: 0o755, Owner(user: 0, group: 0), umask: 0o022)
      : create()
  }

  private mutating func next() -> Operation {
    if settings.theme == .bytes { return useBytes() }
    return switch number(0...109) {
    case 0...29: useFiles()
    case 30...49: openFiles()
    case 50...79: changeNames()
    case 80...88: changeAttributes()
    case 89...99: event()
    // A moment, in which uploads go on that the next operations disturb.
    default: .event(.wait(choose([1, 20, 100, 500])))
    }
  }

  // MARK: Choices

  private mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  private mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &random) < probability
  }

  private mutating func choose<Value>(_ values: [Value]) -> Value {
    values[number(0...values.count - 1)]
  }

  private mutating func place(depth: Int? = nil) -> Operation.Place {
    if settings.theme == .bytes { return [choose(["a", "b"])] }
    let depth = depth ?? choose([1, 1, 1, 2, 2, 2, 3])
    return (0..<depth).map { _ in choose(Self.names) }
  }

  private mutating func directory() -> Operation.Place {
    place(depth: choose([0, 1, 1, 2]))
  }

  private mutating func slot() -> Int {
    number(0...Side.slotCount - 1)
  }

  /// Near the ends of blocks and parts, where mistakes are.
  private mutating func offset() -> Int64 {
    let scale = settings.scale
    return switch number(0...9) {
    case 0...2: 0
    case 3...6: Int64.random(in: 0...scale, using: &random)
    case 7: min(scale, 4_096 * Int64(number(1...32)) + Int64(number(-1...1)))
    case 8: min(scale, 65_536 * Int64(number(1...4)) + Int64(number(-1...1)))
    default: min(scale, 131_072 * Int64(number(0...3)))
    }
  }

  private mutating func count() -> Int {
    switch number(0...9) {
    case 0: 1
    case 1...3: number(1...200)
    case 4...6: number(1...Int(min(settings.scale, 20_000)))
    case 7...8: number(1...Int(min(settings.scale, 131_072)))
    default: Int(min(settings.scale, choose([4_096, 65_536, 131_072, 1 << 20])))
    }
  }

  private mutating func flags() -> UInt32 {
    let flags: [OpenFlags] = [
      [.read], [.read, .write], [.read, .write], [.read, .write], [.write],
      [.read, .write, .append], [.read, .write, .truncate],
    ]
    return choose(flags).rawValue
  }

  private mutating func create() -> Operation {
    let flags = OpenFlags(rawValue: flags()).union([.write])
    return .create(
      slot(), place(), chance(0.2) ? flags.union(.exclusive).rawValue : flags.rawValue,
      permissions: choose(Self.permissions), choose(Self.owners), umask: choose([0, 0o022, 0o077]))
  }

  // MARK: Operations

  private mutating func useFiles() -> Operation {
    switch number(0...20) {
    case 0...8:
      fill &+= 2
      return .write(slot(), offset(), count: count(), fill: fill, isPage: chance(0.1))
    case 9...12: return .read(slot(), offset(), count: count())
    case 13: return .flush(slot())
    case 14, 20: return .synchronize(slot())
    case 15: return .resizeOpen(slot(), offset())
    case 16: return .seek(slot(), offset(), isData: chance(0.5))
    case 17: return .copy(slot(), offset(), slot(), offset(), count: Int64(count() + count()))
    default:
      let start = offset()
      let kinds: [Operation.Allocated] = [
        .reserve, .reserveKeepingSize, .punchHole, .punchHole, .zero, .zeroKeepingSize,
      ]
      return .allocate(slot(), start..<start + Int64(count()), choose(kinds))
    }
  }

  /// What was written comes to the store and leaves the cache, and is written over in pieces.
  private mutating func useBytes() -> Operation {
    switch number(0...99) {
    case 0...49: useFiles()
    case 50...59: .open(slot(), place(), choose([OpenFlags.write, [.read, .write]]).rawValue)
    case 60...64:
      .create(
        slot(), place(), OpenFlags.write.rawValue, permissions: 0o644, Self.owners[0], umask: 0)
    case 65...72: .close(slot())
    case 73...79: .event(.drain)
    case 80...86: .event(.evict)
    case 87...90: .event(.cut(after: choose([nil, 0, 1, 3, 8, 20])))
    case 91...93: .event(.wait(choose([1, 20, 100, 11_000])))
    case 94...95: .event(.die(after: choose([0, 1, 3, 8, 20])))
    default: event()
    }
  }

  private mutating func openFiles() -> Operation {
    switch number(0...19) {
    case 0...6: create()
    case 7...11: .open(slot(), place(), flags())
    case 12: .makeTemporary(slot(), directory(), permissions: 0o600)
    default: .close(slot())
    }
  }

  private mutating func changeNames() -> Operation {
    switch number(0...29) {
    case 0...4:
      .makeDirectory(
        place(), permissions: choose([0o755, 0o755, 0o700, 0o1777]), choose(Self.owners),
        umask: choose([0, 0o022, 0o022]))
    case 5...6: .removeDirectory(place())
    case 7...11: .unlink(place())
    case 12...19:
      .rename(place(), place(), choose([.replace, .replace, .replace, .noReplace, .exchange]))
    case 20: .makeSymbolicLink(place(), target: choose(["a", "/b/c", "\u{e9}", "../x y"]))
    case 21: .readSymbolicLink(place())
    case 22:
      makeNode()
    case 23...25: .link(place(), place())
    case 26: .linkOpen(slot(), place())
    case 27: .look(place())
    default: .list(directory(), page: choose([1, 2, 100]))
    }
  }

  private mutating func makeNode() -> Operation {
    let kind: FileKind = choose([.fifo, .socket, .regular, .characterDevice])
    return .makeNode(
      place(), kind, permissions: choose(Self.permissions), device: kind.isDevice ? 0x103 : 0)
  }

  private mutating func changeAttributes() -> Operation {
    switch number(0...11) {
    case 0...1:
      .setAttributes(place(), AttributeChanges(permissions: choose(Self.permissions)))
    case 2: .setAttributes(place(), AttributeChanges(user: 1_000, group: 7))
    case 3: .setAttributes(place(), AttributeChanges(modified: .at(time())))
    case 4: .setAttributes(place(), AttributeChanges(accessed: .at(time()), modified: .now))
    case 5...7: .setAttributes(place(), AttributeChanges(size: offset()))
    case 8...9:
      .setExtended(
        place(), name: choose(Self.extended), count: choose([0, 3, 100, 3_000, 20_000]),
        choose([.createOrReplace, .createOrReplace, .create, .replace]))
    case 10:
      chance(0.5)
        ? .getExtended(place(), name: choose(Self.extended)) : .listExtended(place())
    default: .removeExtended(place(), name: choose(Self.extended))
    }
  }

  private mutating func time() -> Timestamp {
    Timestamp(
      seconds: Int64(number(-10...1_600_000_000)), nanoseconds: Int32(number(0...999_999_999)))
  }

  private mutating func event() -> Operation {
    let event: Operation.Event
    switch number(0...39) {
    case 0...12: event = .wait(choose([0, 1, 10, 100, 1_000, 11_000, 70_000, 700_000]))
    case 13...14: event = .crash
    case 15...16, 30...35: event = .die(after: choose([0, 1, 2, 3, 5, 8, 20, 60]))
    case 36...39: event = .cut(after: choose([nil, nil, 0, 1, 2, 3, 5, 8, 20, 60]))
    case 17: event = .remount
    case 18: event = .forget
    case 19...21: event = .evict
    // A flush that waits for a paused upload waits until its deadline.
    case 22: event = .pause(!settings.uploadSynchronous)
    case 23...24: event = .pause(false)
    case 25...26: event = weather()
    case 27: event = .drain
    default: event = .compare
    }
    return .event(event)
  }

  private mutating func weather() -> Operation.Event {
    guard !settings.isCalm else { return .wait(50) }
    if chance(0.3) { return .outage(chance(0.4)) }
    return .weather(failures: choose([0, 50, 300]), lostAnswers: choose([0, 50, 300]))
  }
}
