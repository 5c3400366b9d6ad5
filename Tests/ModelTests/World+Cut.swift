import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

/// A power cut: the catalog is what it was some time ago, but not before the last fsync(2), and
/// each file is, byte by byte, what it was or has been since it was synchronized, or ends before.
extension World {
  private static let note = "state"

  /// An operation is done: what it made can come back.
  func remember() throws {
    history.append(History.State(model: model.copy(), inodes: inodes))
    try noteState()
  }

  /// What is now stays, whatever happens.
  func rememberForGood() throws {
    history.restart(History.State(model: model.copy(), inodes: inodes))
    try noteState()
    try disk.inPeace { try volume.context.catalog.synchronize() }
  }

  private func noteState() throws {
    let number = history.latest
    try disk.inPeace { try volume.context.catalog.note(Self.note, "\(number)") }
  }

  func noteSynchronized(_ operation: Operation, _ reply: Reply?) {
    guard case .synchronize(let slot) = operation, let reply, reply.errno == nil,
      let inode = expected.slots[slot]?.inode
    else { return }
    history.synchronize(inode)
  }

  /// Nothing is under way when the power is cut.
  func cut() async throws {
    simulation.end(life)
    try disk.cutPower()
    try await comeBackFromCut()
  }

  /// - Parameter operation: under way when the power was cut; `nil` where none was.
  func comeBackFromCut(_ operation: Operation? = nil) async throws {
    if let operation {
      _ = await expected.perform(operation)
      history.append(History.State(model: model.copy(), inodes: inodes))
    }
    try await restart()
    closeAll()
    let number = try volume.context.catalog.note(Self.note).flatMap { Int($0) } ?? -1
    guard number >= history.durable, history[number] != nil else {
      throw Discrepancy(
        "lost: the catalog is in state \(number), \(history.durable) was synchronized")
    }
    uncertainSince = clock.now
    defer { uncertainSince = nil }
    var failure: (any Error)?
    for candidate in [number + 1, number] {
      guard let state = history[candidate] else { continue }
      do {
        try await become(state, beside: [history[number], history[number + 1]].compactMap { $0 })
        return try rememberForGood()
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// Takes a state for what the volume is in, and throws if it cannot be.
  private func become(_ state: History.State, beside states: [History.State]) async throws {
    let lost = history.numbers.subtracting(states.flatMap(\.inodes.values))
    inodes = state.inodes
    model.become(state.model)
    model.closeAll()
    let doubts = doubts(beside: states)
    try await resolve(doubts)
    try await adoptTimes(of: Set(doubts.map(\.inode)))
    try await inGoodWeather { try await compareTrees(.exactly) }
    let reused = inodes.filter { model.tree.nodes[$0.key] != nil && lost.contains($0.value) }
    guard reused.isEmpty else {
      throw Discrepancy("reused: \(reused) are numbers that others had before the cut")
    }
    try checkInvariants()
  }

  /// Files that were not synchronized in the state that they are in.
  private func doubts(beside states: [History.State]) -> [Doubt] {
    model.tree.nodes.keys.sorted().compactMap { inode in
      var nodes = history.nodes(of: inode)
      for state in states { if let node = state.tree.nodes[inode] { nodes.append(node) } }
      guard nodes.count > 1, case .bytes = nodes[0].content else { return nil }
      return Doubt(
        inode: inode, states: nodes,
        attributes: states.compactMap { $0.tree.nodes[inode]?.attributes })
    }
  }
}
