import MediaFSCore
import MediaFSTesting
import ObjectStorage

/// The states that the model has been in, for as long as a power cut may bring them back.
///
/// Each has a number, which the catalog notes when it is that far: so after a cut the catalog says
/// which state it is in, or between which and the next one.
struct History {
  struct State {
    /// With what was open.
    var model: MemoryFileSystem
    /// Which inode of the volume is which of the model.
    var inodes: [InodeNumber: InodeNumber]

    var tree: MemoryTree { model.tree }
  }

  /// The number of the first state that is kept.
  private var first = 0
  private var states: [State] = []
  /// In which state a file was synchronized last, by its number in the model.
  private var synchronized: [InodeNumber: Int] = [:]
  /// No state before this one can come back.
  private(set) var durable = 0

  /// The state that is noted when an operation is done.
  var latest: Int { first + states.count - 1 }

  mutating func append(_ state: State) {
    states.append(state)
  }

  /// Nothing of what was before can come back: a new beginning, with a new number.
  mutating func restart(_ state: State) {
    first = latest + 1
    states = [state]
    durable = first
    synchronized = [:]
    for inode in state.tree.nodes.keys { synchronized[inode] = first }
  }

  /// A file, and all of the catalog, are on the disk as the latest state has them.
  mutating func synchronize(_ inode: InodeNumber) {
    synchronized[inode] = latest
    // What an operation did is on the disk before it is noted that it did it.
    durable = max(durable, latest - 1)
  }

  subscript(number: Int) -> State? {
    number >= first && number <= latest ? states[number - first] : nil
  }

  /// What a file has been since it was synchronized, or was made; the same only once.
  func nodes(of inode: InodeNumber) -> [MemoryTree.Node] {
    var nodes: [MemoryTree.Node] = []
    for state in states[(max(first, synchronized[inode] ?? first) - first)...] {
      guard let node = state.tree.nodes[inode] else { continue }
      if let last = nodes.last, last.attributes == node.attributes { continue }
      nodes.append(node)
    }
    return nodes
  }

  /// All numbers that the volume gave to inodes.
  var numbers: Set<InodeNumber> {
    states.reduce(into: []) { $0.formUnion($1.inodes.values) }
  }
}
