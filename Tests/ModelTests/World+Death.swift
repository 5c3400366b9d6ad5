import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

/// A process that dies in the middle of an operation: nobody was told how it ended, so its names
/// have changed or they have not, and of bytes and attributes some have and some have not.
extension World {
  /// - Parameters:
  ///   - operation: under way when it died; `nil` where none was.
  ///   - unsettled: what was open for writing when it began.
  func comeBack(from operation: Operation?, _ unsettled: Set<InodeNumber>) async throws {
    if disk.isPowerOut { return try await comeBackFromCut(operation) }
    let before = model.copy()
    if let operation { _ = await expected.perform(operation) }
    let after = model.copy()
    // Nobody was told how it ended, unless it was told too early.
    let wasTold = settings.mutant?.repliesEarly == true
    let doubts = wasTold ? [] : doubts(before.tree, after.tree)
    try await restart()
    closeAll()
    let known = inodes
    uncertainSince = clock.now
    defer { uncertainSince = nil }
    var failure: (any Error)?
    for candidate in wasTold ? [after] : [after, before] {
      inodes = known
      candidate.closeAll()
      model.become(candidate)
      do {
        try await resolve(doubts)
        try await adoptTimes(of: unsettled.union(doubts.map(\.inode)))
        try await inGoodWeather { try await compareTrees(.exactly) }
        try checkInvariants()
        return try remember()
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// A file of which two states are possible, and whatever lies between them.
  struct Doubt {
    var inode: InodeNumber
    var states: [MemoryTree.Node]
    /// All that its attributes can be.
    var attributes: [FileAttributes]
  }

  private func doubts(_ before: MemoryTree, _ after: MemoryTree) -> [Doubt] {
    before.nodes.keys.sorted().compactMap { inode in
      guard let old = before.nodes[inode], let new = after.nodes[inode],
        case .bytes(let oldBytes) = old.content, case .bytes(let newBytes) = new.content,
        old.attributes != new.attributes || !same(oldBytes, newBytes)
      else { return nil }
      return Doubt(
        inode: inode, states: [old, new], attributes: [old.attributes, new.attributes])
    }
  }

  /// Takes over into the model what has become of files in doubt, if it is explained.
  func resolve(_ doubts: [Doubt]) async throws {
    for doubt in doubts {
      guard model.tree.nodes[doubt.inode] != nil, let inode = inodes[doubt.inode] else { continue }
      try await inGoodWeather {
        let found = try await volume.attributes(of: inode, handle: nil).attributes
        let bytes = try await actual.content(of: inode)
        try check(bytes, against: doubt, inode)
        let states = doubt.attributes
        guard states.contains(where: { $0.permissions == found.permissions }),
          states.contains(where: { $0.owner == found.owner })
        else { throw Discrepancy("mix: inode \(inode) is \(found), neither before nor after") }
        model.tree.adopt(
          doubt.inode, bytes, permissions: found.permissions, owner: found.owner)
      }
    }
  }

  /// Each byte has to be that of one of the states.
  private func check(_ bytes: [UInt8], against doubt: Doubt, _ inode: InodeNumber) throws {
    let states = doubt.states.map { node -> [UInt8] in
      if case .bytes(let bytes) = node.content { bytes } else { [] }
    }
    if states.contains(where: { same($0, bytes) }) { return }
    let sizes = states.map(\.count)
    guard let least = sizes.min(), let most = sizes.max(), least...most ~= bytes.count else {
      throw Discrepancy("mix: inode \(inode) has \(bytes.count) bytes instead of \(sizes)")
    }
    for (offset, byte) in bytes.enumerated() {
      guard states.contains(where: { offset < $0.count && $0[offset] == byte }) else {
        throw Discrepancy("mix: byte \(offset) of inode \(inode) is \(byte), of no state")
      }
    }
  }
}
