import Glibc
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage

extension World {
  /// How two trees have to agree.
  enum Agreement {
    case exactly
    /// Inode numbers are new, and so are the times that the store does not keep.
    case asStored
  }

  // MARK: Replies

  func compare(_ reply: Reply?, _ expected: Reply?, _ start: Timestamp) throws {
    guard let reply, let expected else {
      guard reply == nil, expected == nil else {
        throw Discrepancy("reply: \(text(reply)) instead of \(text(expected))")
      }
      return
    }
    guard reply.errno == expected.errno, reply.text == expected.text,
      reply.number == expected.number, same(reply.bytes, expected.bytes),
      sameNames(reply.names, expected.names)
    else { throw Discrepancy("reply: \(text(reply)) instead of \(text(expected))") }
    if let one = reply.attributes, let other = expected.attributes {
      try compare(one, other, start, "")
    } else if (reply.attributes == nil) != (expected.attributes == nil) {
      throw Discrepancy("reply: \(text(reply)) instead of \(text(expected))")
    }
  }

  private func text(_ reply: Reply?) -> String {
    guard let reply else { return "nothing" }
    var parts: [String] = []
    if let errno = reply.errno { parts.append("\(errno)") }
    if let attributes = reply.attributes { parts.append("\(attributes)") }
    if let bytes = reply.bytes { parts.append("\(bytes.count) bytes") }
    if let text = reply.text { parts.append(text) }
    if let number = reply.number { parts.append("\(number)") }
    if let names = reply.names {
      parts.append("\(names.map { String(decoding: $0.name, as: UTF8.self) })")
    }
    return parts.isEmpty ? "success" : parts.joined(separator: " ")
  }

  func same(_ one: [UInt8]?, _ other: [UInt8]?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    guard one.count == other.count else { return false }
    return unsafe one.withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        return unsafe memcmp(left, right, one.count) == 0
      }
    }
  }

  /// A kind that is not told is not wrong. "." and ".." are the same everywhere.
  private func sameNames(_ one: [Reply.Name]?, _ other: [Reply.Name]?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.count == other.count
      && zip(one, other).allSatisfy { left, right in
        left.name == right.name
          && (left.kind == nil || right.kind == nil || left.kind == right.kind)
      }
  }

  /// Compares, and takes over into the model when exactly it was that an operation did something.
  func compare(
    _ actual: FileAttributes, _ expected: FileAttributes, _ start: Timestamp?, _ place: String
  ) throws {
    if let known = inodes[expected.inode], known != actual.inode {
      // Only one of several names can be found to be of another inode than it seemed to be.
      let sort = expected.linkCount > 1 && expected.kind != .directory ? "inode" : "number"
      throw Discrepancy("\(sort): \(place) is inode \(actual.inode) and was \(known)")
    }
    inodes[expected.inode] = actual.inode
    var wrong: [String] = []
    func check<Value: Equatable>(_ name: String, _ one: Value, _ other: Value) {
      if one != other { wrong.append("\(name) \(one) instead of \(other)") }
    }
    check("kind", actual.kind, expected.kind)
    check("permissions", actual.permissions, expected.permissions)
    check("owner", actual.owner, expected.owner)
    check("links", actual.linkCount, expected.linkCount)
    check("size", actual.size, expected.size)
    check("device", actual.device, expected.device)
    if !isRight(actual.modified, expected.modified, start) {
      check("modified", actual.modified, expected.modified)
    }
    if !isRight(actual.changed, expected.changed, start) {
      check("changed", actual.changed, expected.changed)
    }
    guard wrong.isEmpty else {
      throw Discrepancy("attributes: \(place) has \(wrong.joined(separator: ", "))")
    }
    adopt(actual, as: expected.inode)
  }

  private func adopt(_ attributes: FileAttributes, as inode: InodeNumber) {
    model.tree.adopt(
      inode, accessed: attributes.accessed, modified: attributes.modified,
      changed: attributes.changed)
  }

  private func isRight(_ actual: Timestamp, _ expected: Timestamp, _ start: Timestamp?) -> Bool {
    guard let start, expected == start else { return actual == expected }
    return actual >= start && actual <= simulation.now
  }

  /// The next data, and the next hole, may be anywhere if only nothing but zeros is a hole.
  func checkSeek(_ operation: Operation, _ reply: Reply?, _ expected: Reply?) throws {
    guard case .seek(let slot, let offset, let isData) = operation, let reply, let expected,
      let inode = self.expected.slots[slot]?.inode
    else { return try compare(reply, expected, .epoch) }
    let size = try model.tree.node(inode).attributes.size
    let wrong = Discrepancy("reply: \(text(reply)) instead of about \(text(expected))")
    guard let found = reply.number else {
      guard reply.errno == .noSuchAddressOrDevice else { throw wrong }
      if expected.errno == .noSuchAddressOrDevice { return }
      guard isData, try isZero(inode, offset..<size) else { throw wrong }
      return
    }
    guard expected.number != nil, found >= offset, found <= size else { throw wrong }
    let hole = isData ? offset..<found : found..<min(size, found + 1)
    guard try isZero(inode, hole), !isData || found < size else { throw wrong }
  }

  private func isZero(_ inode: InodeNumber, _ range: Range<Int64>) throws -> Bool {
    try model.tree.read(inode, at: range.lowerBound, count: range.count).allSatisfy { $0 == 0 }
  }

  // MARK: Inodes

  /// Compares all inodes that the model has changed just now, with names or without.
  func compareTouched(since start: Timestamp) async throws {
    let tree = model.tree
    for (number, node) in tree.nodes.sorted(by: { $0.key < $1.key }) {
      let attributes = node.attributes
      guard attributes.changed == start || attributes.modified == start,
        let inode = inodes[number]
      else { continue }
      let actual = try await volume.attributes(of: inode, handle: nil).attributes
      try compare(actual, attributes, start, "inode \(inode)")
    }
    inodes = inodes.filter { tree.nodes[$0.key] != nil }
  }

  func adoptTimes(of files: Set<InodeNumber>) async throws {
    for number in files {
      guard let node = model.tree.nodes[number], let inode = inodes[number] else { continue }
      var actual: FileAttributes?
      try await inGoodWeather {
        actual = try await volume.attributes(of: inode, handle: nil).attributes
      }
      guard let actual else { continue }
      adopt(actual, as: number)
      try compare(actual, try model.tree.node(node.attributes.inode).attributes, nil, "")
    }
  }

  // MARK: Trees

  func compareTrees(_ agreement: Agreement) async throws {
    switch agreement {
    case .exactly: try await compareDirectory(.root, "", agreement)
    case .asStored:
      do {
        inodes = [.root: .root]
        try await compareDirectory(.root, "", agreement)
      } catch let discrepancy as Discrepancy where discrepancy.isOfInodes {
        // That two names are one inode is found when both have been read: then for good.
        inodes = [.root: .root]
        try await compareDirectory(.root, "", agreement)
      }
    }
    try checkInvariants()
  }

  private func compareDirectory(
    _ number: InodeNumber, _ path: String, _ agreement: Agreement
  ) async throws {
    let children = try model.tree.children(of: number)
    guard let inode = inodes[number] else { return }
    let names = try await actual.names(of: inode, page: 3).map(\.name)
    let wanted = (children.keys.map { Array($0.text.utf8) } + [Array(".".utf8), Array("..".utf8)])
      .sorted { $0.lexicographicallyPrecedes($1) }
    let links = try await volume.attributes(of: inode, handle: nil).attributes.linkCount
    guard try links == model.tree.node(number).attributes.linkCount else {
      throw Discrepancy("links: /\(path) counts \(links)")
    }
    guard names == wanted else {
      let text = [names, wanted].map { $0.map { String(decoding: $0, as: UTF8.self) } }
      throw Discrepancy("names: /\(path) has \(text[0]) instead of \(text[1])")
    }
    for (name, child) in children.sorted(by: { $0.key < $1.key }) {
      let place = path.isEmpty ? name.text : path + "/" + name.text
      let found = try await looked(up: name, in: inode, place)
      var expected = try model.tree.node(child).attributes
      if agreement == .asStored {
        expected.changed = found.changed
        if expected.kind == .directory {
          expected.modified = found.modified
          // How many directories are in it is known once it was listed.
          expected.linkCount = found.linkCount
        }
      }
      try compare(found, expected, uncertainSince, "/" + place)
      try await compareContent(child, place)
      if expected.kind == .directory { try await compareDirectory(child, place, agreement) }
    }
  }

  private func looked(
    up name: FileName, in inode: InodeNumber, _ place: String
  ) async throws -> FileAttributes {
    do {
      return try await volume.lookup(name, in: inode).attributes
    } catch {
      throw Discrepancy("failure: /\(place): \(error)")
    }
  }

  private func compareContent(_ number: InodeNumber, _ place: String) async throws {
    let node = try model.tree.node(number)
    guard let inode = inodes[number] else { return }
    switch node.content {
    case .bytes(let bytes):
      let found: [UInt8]
      do {
        found = try await actual.content(of: inode)
      } catch {
        throw Discrepancy("failure: /\(place): \(error)")
      }
      guard same(found, bytes) else {
        let first = zip(found, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        throw Discrepancy(
          "bytes: /\(place) has other bytes, \(found.count) of \(bytes.count), from \(first ?? -1)")
      }
    case .target(let target):
      let found = try await volume.readSymbolicLink(inode)
      guard found.utf8.elementsEqual(target.utf8) else {
        throw Discrepancy("target: /\(place) leads to \(found) instead of \(target)")
      }
    case .children, .none: break
    }
    try await compareExtended(node, inode, place)
  }

  private func compareExtended(
    _ node: MemoryTree.Node, _ inode: InodeNumber, _ place: String
  ) async throws {
    let names = try await volume.extendedAttributes(of: inode).map { Array($0.utf8) }
    guard Set(names) == Set(node.extended.keys), names.count == node.extended.count else {
      throw Discrepancy(
        "extended: /\(place) has the attributes \(names) instead of \(node.extended.keys)")
    }
    for (name, value) in node.extended {
      let text = String(decoding: name, as: UTF8.self)
      guard same(try await volume.extendedAttribute(text, of: inode), value) else {
        throw Discrepancy("extended: /\(place) has another value of \(text)")
      }
    }
  }

  /// What holds at any time.
  func checkInvariants() throws {
    let violations = try Inspector(context: volume.context).violations()
    guard violations.isEmpty else {
      let text = violations.map { "\($0.rule.rawValue), \($0.subject)" }
      throw Discrepancy("violation: \(text.joined(separator: "; "))")
    }
  }
}
