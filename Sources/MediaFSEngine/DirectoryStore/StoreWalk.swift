import ObjectStorage
import SystemPackage

/// Visits the keys of an embedded store in byte order without reading all of it.
///
/// Directories are opened only when the walk comes to them. What waits lies in a heap, ordered by
/// the bytes that its keys begin with, so memory holds the names of the directories along one path.
/// Names alone do not give the order: keys beneath `x/` come after `x-1` but before `xa`.
struct StoreWalk {
  enum Visit {
    /// Take the key, or go into the directory.
    case enter
    case skip
    case stop
  }

  private struct Pending {
    /// Of an object its key, of a directory what the keys in it begin with.
    var key: [UInt8]
    var path: StorePath
    var isDirectory: Bool
    /// How many names at the end of the path are pieces of one segment that goes on, and its bytes.
    var openNames = 0
    var openSegment: [UInt8] = []
  }

  private let root: StoreFile
  private var heap = Heap<Pending> { $0.key.lexicographicallyPrecedes($1.key) }

  /// Begins at the directory that holds all keys with a prefix.
  init(_ root: StoreFile, prefix: String) {
    self.root = root
    let start = StoreNames.directory(of: prefix)
    heap.insert(Pending(key: start.prefix, path: start.path, isDirectory: true))
  }

  private init(_ root: StoreFile, at start: Pending) {
    self.root = root
    heap.insert(start)
  }

  /// Calls `visit` with each key and with what the keys of each directory begin with, in order. A
  /// key may come twice. `isEmpty` tells whether a directory has no objects at any depth.
  mutating func run(
    _ visit: (
      _ key: ObjectKey, _ isDirectory: Bool, _ isEmpty: () throws(Errno) -> Bool
    ) throws(ObjectStoreError) -> Visit
  ) throws(ObjectStoreError) {
    while let next = heap.removeFirst() {
      // Not UTF-8: somebody's file that no key leads to.
      guard let text = String(validating: next.key, as: UTF8.self) else { continue }
      let root = root
      let verdict = try visit(ObjectKey(text), next.isDirectory) { () throws(Errno) in
        var inner = StoreWalk(root, at: next)
        return try inner.findsNothing()
      }
      switch verdict {
      case .stop: return
      case .skip: continue
      case .enter:
        if next.isDirectory { try onDisk("list") { () throws(Errno) in try expand(next) } }
      }
    }
  }

  private mutating func findsNothing() throws(Errno) -> Bool {
    while let next = heap.removeFirst() {
      guard next.isDirectory else { return false }
      try expand(next)
    }
    return true
  }

  private mutating func expand(_ directory: Pending) throws(Errno) {
    do throws(Errno) {
      try root.forEachName(in: directory.path) { name throws(Errno) in
        if let child = Self.child(name, of: directory) { heap.insert(child) }
      }
    } catch {
      // It may have been removed since it was seen.
      guard error.isMissingFile else { throw error }
    }
  }

  /// `nil` for names that are not made by ``StoreNames``: two names must not lead to one key.
  private static func child(_ name: StoreFile.Name, of directory: Pending) -> Pending? {
    if directory.path.isEmpty, name.bytes == StoreNames.privateDirectory { return nil }
    let ending = name.isDirectory ? StoreNames.continued : StoreNames.besideDirectory
    let bare = StoreNames.removing(ending, from: name.bytes)
    guard let piece = StoreNames.decode(bare ?? name.bytes) else { return nil }
    var child = Pending(
      key: directory.key + piece, path: directory.path + [name.bytes],
      isDirectory: name.isDirectory)
    let segment = directory.openSegment + piece
    if name.isDirectory, bare != nil {
      child.openNames = directory.openNames + 1
      child.openSegment = segment
      return child
    }
    let names = Array(directory.path.suffix(directory.openNames)) + [bare ?? name.bytes]
    guard StoreNames.names(ofSegment: segment) == names else { return nil }
    if name.isDirectory { child.key.append(UInt8(ascii: "/")) }
    return child
  }
}

/// A binary heap: the least element first.
struct Heap<Element> {
  private var elements: [Element] = []
  private let precedes: (Element, Element) -> Bool

  init(_ precedes: @escaping (Element, Element) -> Bool) {
    self.precedes = precedes
  }

  mutating func insert(_ element: Element) {
    var index = elements.count
    elements.append(element)
    while index > 0 {
      let parent = (index - 1) / 2
      guard precedes(elements[index], elements[parent]) else { break }
      elements.swapAt(index, parent)
      index = parent
    }
  }

  mutating func removeFirst() -> Element? {
    guard let first = elements.first else { return nil }
    let last = elements.removeLast()
    guard !elements.isEmpty else { return first }
    elements[0] = last
    var index = 0
    while true {
      let children = [index * 2 + 1, index * 2 + 2].filter { $0 < elements.count }
      guard let least = children.min(by: { precedes(elements[$0], elements[$1]) }),
        precedes(elements[least], elements[index])
      else { return first }
      elements.swapAt(index, least)
      index = least
    }
  }
}
