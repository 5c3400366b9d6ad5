import MediaFSCore
import Synchronization
import SystemPackage

/// A name in a directory.
struct EntryName: Hashable, Sendable {
  var name: FileName
  var parent: InodeNumber
}

/// Names that stand for something else since a while, and that the kernel has not been told of yet.
///
/// The kernel looks up the names of a rename before it asks for it, and moves what it has found
/// there. If a listing has given one of them to another file in between, the moved name would go on
/// standing for the old one in the kernel: who reads it sees the bytes of another file, and who
/// deletes it then deletes what he has never seen. So such a call is refused: on ESTALE Linux looks
/// the names up anew and asks once more (path_lookup, `LOOKUP_REVAL`).
final class UntoldNames: Sendable {
  private struct State {
    /// When they were changed.
    var changes: [EntryName: UInt64] = [:]
    var now: UInt64 = 0
  }

  /// Whose turn it is to change names. Held during one transaction of the catalog, and no longer.
  private let turn = Mutex(())
  private let state = Mutex(State())

  /// What the kernel asks for or hears from now on is no older than this.
  var now: UInt64 { state.withLock { $0.now } }

  /// Makes a change on behalf of others.
  ///
  /// - Parameter names: of which the kernel has to be told, from what the change has answered.
  func change<Answer: Sendable, Failure>(
    telling names: (Answer) -> [EntryName], _ body: () throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    try turn.withLock { _ throws(Failure) in
      let answer = try body()
      state.withLock { state in
        state.now += 1
        for name in names(answer) { state.changes[name] = state.now }
      }
      return answer
    }
  }

  /// Carries out what the kernel asks for by these names.
  ///
  /// - Throws: ESTALE when it has not asked for one of them since it was changed.
  func use<Answer: Sendable>(
    _ names: [EntryName], _ operation: String, _ body: () throws(FileSystemError) -> Answer
  ) throws(FileSystemError) -> Answer {
    try turn.withLock { _ throws(FileSystemError) in
      let changed = state.withLock { state in names.first { state.changes[$0] != nil } }
      if let changed {
        throw FileSystemError(
          .staleNFSFileHandle, operation, "\(changed.name) was replaced by somebody else just now")
      }
      return try body()
    }
  }

  /// The kernel knows of a name what was right at a moment, or will ask before it uses the name.
  func told(_ name: EntryName, at moment: UInt64) {
    state.withLock { state in
      if let change = state.changes[name], change <= moment { state.changes[name] = nil }
    }
  }
}
