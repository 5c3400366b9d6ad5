import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct AccessControlListTests {
  private typealias Entry = AccessControlList.Entry

  /// `setfacl -m u:5:rwx,g:7:r-x,m::rw-` on a file of mode 0640.
  private static let entries = [
    Entry(.owner, 6), Entry(.user(5), 7), Entry(.owningGroup, 4), Entry(.group(7), 5),
    Entry(.mask, 6), Entry(.others, 0),
  ]

  private static func list(_ entries: [Entry] = entries) throws -> AccessControlList {
    try #require(AccessControlList(entries))
  }

  /// Valid, of any shape.
  private static func random(_ random: inout SeededRandom) -> AccessControlList {
    func permissions() -> UInt32 { .random(in: 0...7, using: &random) }
    func named(_ subject: (UInt32) -> AccessControlList.Subject) -> [Entry] {
      (0..<Int.random(in: 0...3, using: &random)).map { _ in
        Entry(subject(.random(in: 0..<UInt32.max, using: &random)), permissions())
      }
    }
    let (users, groups) = (named { .user($0) }, named { .group($0) })
    let needsMask = !users.isEmpty || !groups.isEmpty || Bool.random(using: &random)
    let entries =
      [Entry(.owner, permissions())] + users + [Entry(.owningGroup, permissions())] + groups
      + (needsMask ? [Entry(.mask, permissions())] : []) + [Entry(.others, permissions())]
    return AccessControlList(entries) ?? AccessControlList(permissions: 0)
  }

  @Test func bytesAreThoseOfTheKernel() throws {
    // As getfattr -e hex shows what setfacl has set on ext4.
    let bytes: [UInt8] = [
      2, 0, 0, 0,
      1, 0, 6, 0, 255, 255, 255, 255,
      2, 0, 7, 0, 5, 0, 0, 0,
      4, 0, 4, 0, 255, 255, 255, 255,
      8, 0, 5, 0, 7, 0, 0, 0,
      16, 0, 6, 0, 255, 255, 255, 255,
      32, 0, 0, 0, 255, 255, 255, 255,
    ]
    #expect(try Self.list().encode() == bytes)
    #expect(try AccessControlList.decode(bytes) == Self.list())
    #expect(try AccessControlList.decode([2, 0, 0, 0]) == nil)
  }

  @Test func refusesWhatTheKernelRefuses() {
    #expect(throws: AccessControlListError.unknownVersion) {
      try AccessControlList.decode([1, 0, 0, 0])
    }
    for bytes: [UInt8] in [[], [2, 0, 0], [2, 0, 0, 0, 1], [2, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0]] {
      #expect(throws: AccessControlListError.malformed) { try AccessControlList.decode(bytes) }
    }
    let (owner, group, others) = (Entry(.owner, 7), Entry(.owningGroup, 5), Entry(.others, 0))
    let wrong: [[Entry]] = [
      [owner, group], [group, owner, others], [owner, owner, group, others],
      [owner, Entry(.user(1), 7), group, others], [owner, group, others, Entry(.mask, 7)],
      [Entry(.owner, 8), group, others],
      [owner, Entry(.user(.max), 7), group, Entry(.mask, 7), others],
      [owner, group, Entry(.user(1), 7), Entry(.mask, 7), others],
      [owner, group, Entry(.mask, 7), Entry(.mask, 7), others], [],
    ]
    for entries in wrong { #expect(AccessControlList(entries) == nil, "\(entries)") }
  }

  @Test func theModeShowsTheMask() throws {
    #expect(try Self.list().modeBits == 0o660)
    #expect(try !Self.list().isMinimal)
    #expect(AccessControlList(permissions: 0o751).modeBits == 0o751)
    #expect(AccessControlList(permissions: 0o751).isMinimal)
  }

  @Test func aChmodChangesOwnerMaskAndOthers() throws {
    let list = try Self.list().following(0o6715)
    #expect(list.modeBits == 0o715)
    #expect(
      list.entries == [
        Entry(.owner, 7), Entry(.user(5), 7), Entry(.owningGroup, 4), Entry(.group(7), 5),
        Entry(.mask, 1), Entry(.others, 5),
      ])
  }

  struct InheritanceRow: Sendable {
    var requested: UInt32
    var permissions: UInt32
    var mask: UInt32
  }

  /// As ext4 has it: mkdir d; setfacl -d -m u::rwx,u:5:rwx,g::r-x,m::rwx,o::r-x d; open(…, mode).
  @Test(arguments: [
    InheritanceRow(requested: 0o666, permissions: 0o664, mask: 6),
    InheritanceRow(requested: 0o777, permissions: 0o775, mask: 7),
    InheritanceRow(requested: 0o600, permissions: 0o600, mask: 0),
    InheritanceRow(requested: 0o4755, permissions: 0o4755, mask: 5),
    InheritanceRow(requested: 0o000, permissions: 0o000, mask: 0),
  ])
  func aDefaultListIsLimitedByTheRequestedMode(_ row: InheritanceRow) throws {
    let defaults = try Self.list([
      Entry(.owner, 7), Entry(.user(5), 7), Entry(.owningGroup, 5), Entry(.mask, 7),
      Entry(.others, 5),
    ])
    let (permissions, list) = defaults.inherited(requesting: row.requested)
    #expect(permissions == row.permissions)
    #expect(list?.entries.contains(Entry(.mask, row.mask)) == true)
    #expect(list?.entries.contains(Entry(.user(5), 7)) == true)
    #expect(list?.entries.contains(Entry(.owningGroup, 5)) == true)
  }

  @Test func aDefaultListThatAModeCanSayLeavesNoList() {
    let inherited = AccessControlList(permissions: 0o750).inherited(requesting: 0o1666)
    #expect(inherited.permissions == 0o1640)
    #expect(inherited.list == nil)
  }

  @Test(arguments: UInt64(1)...10)
  func keepsItsPromises(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<200 {
      let list = Self.random(&random)
      let mode = UInt32.random(in: 0...0o7777, using: &random)
      #expect(try AccessControlList.decode(list.encode()) == list, "seed \(seed)")
      #expect(list.following(mode).modeBits == mode & 0o777, "seed \(seed)")
      #expect(list.following(list.modeBits) == list, "seed \(seed)")
      let (permissions, inherited) = list.inherited(requesting: mode)
      #expect(permissions & ~mode == 0 && permissions & 0o777 & ~list.modeBits == 0, "seed \(seed)")
      #expect(permissions & ~0o777 == mode & ~0o777, "seed \(seed)")
      #expect(inherited?.modeBits ?? permissions & 0o777 == permissions & 0o777, "seed \(seed)")
      #expect((inherited == nil) == list.isMinimal, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...10)
  func readsAnyBytes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<500 {
      var bytes: [UInt8] = [2, 0, 0, 0]
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let tag: UInt8 = [1, 2, 4, 8, 16, 32, 3].randomElement(using: &random) ?? 0
        bytes += [tag, 0, .random(in: 0...8, using: &random), 0]
        bytes += (0..<4).map { _ in .random(in: 0...255, using: &random) }
      }
      if Bool.random(using: &random) { bytes.removeLast() }
      guard let list = try? AccessControlList.decode(bytes) else { continue }
      #expect(list.entries.count >= 3, "seed \(seed)")
    }
  }
}
