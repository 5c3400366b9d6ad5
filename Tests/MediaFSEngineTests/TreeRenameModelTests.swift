import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// Random renames in a tree that is known in part, between refreshes, uploads and crashes: what is
/// shown is what a local filesystem would show, and what the bucket has in the end too.
@Suite struct TreeRenameModelTests {
  @Test(arguments: UInt64(1)...40)
  func treesEndWhereTheirNamesAre(seed: UInt64) async throws {
    var play = try await Play(seed: seed)
    for step in 0..<40 {
      do {
        try await play.step()
      } catch {
        Issue.record("seed \(seed), step \(step), \(play.last): \(error)")
        return
      }
      let directory = play.anyDirectory()
      let names = try await play.fs.names(directory)
      try #require(
        names == play.tree.names(in: directory),
        "seed \(seed), step \(step), \(play.last), then \(directory)")
    }
    try await play.finish()
  }
}

private struct Play {
  private static let names = ["a", "b", "c"]

  let fs: TestVolume
  var tree = NaiveTree()
  var random: SeededRandom
  var last = ""
  private var serial = 0

  init(seed: UInt64) async throws {
    random = SeededRandom(seed: seed)
    let isEager = Bool.random(using: &random)
    fs = try TestVolume { if isEager { $0.metadataTTL = .zero } }
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let path = (0..<Int.random(in: 1...4, using: &random)).map { _ in anyName() }
        .joined(separator: "/")
      let parents = path.split(separator: "/").indices.dropFirst().map {
        path.split(separator: "/")[..<$0].joined(separator: "/")
      }
      guard !tree.exists(path), parents.allSatisfy({ tree.files[$0] == nil }) else { continue }
      if Int.random(in: 0..<5, using: &random) == 0 {
        tree.directories.insert(path)
        tree.makeParents(of: path)
        try await fs.put("", at: path + "/")
      } else {
        tree.insert(path, "remote " + path)
        try await fs.put("remote " + path, at: path)
      }
    }
  }

  mutating func anyName() -> String {
    Self.names[Int.random(in: 0..<Self.names.count, using: &random)]
  }

  mutating func anyDirectory() -> String {
    (tree.directories.sorted() + [""]).randomElement(using: &random) ?? ""
  }

  /// A name, taken or not, in a directory that exists.
  private mutating func anyPlace() -> String {
    let directory = anyDirectory()
    return directory.isEmpty ? anyName() : directory + "/" + anyName()
  }

  private mutating func anything() -> String {
    tree.all.randomElement(using: &random) ?? "a"
  }

  /// Both must allow it, or both refuse.
  private func agree(
    _ expected: Bool, _ operation: () async throws -> Void
  ) async throws {
    var failure: FileSystemError?
    do {
      try await operation()
    } catch let error as FileSystemError {
      failure = error
    }
    try #require(
      (failure == nil) == expected, "expected \(expected), got \(String(describing: failure))")
  }

  mutating func step() async throws {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<8: try await rename()
    case 8, 9: try await exchange()
    case 10..<15: try await change()
    case 15:
      last = "crash"
      try await fs.crash()
    case 16:
      last = "pause"
      fs.volume.setPaused(true)
    case 17:
      last = "resume"
      fs.volume.setPaused(false)
    case 18:
      last = "drain"
      fs.volume.setPaused(false)
      try await fs.drain()
    default:
      last = "look"
    }
  }

  private mutating func rename() async throws {
    let (path, newPath) = (anything(), anyPlace())
    last = "rename \(path) \(newPath)"
    let fs = fs
    let expected = tree.rename(path, to: newPath)
    try await agree(expected) { try await fs.rename(path, to: newPath) }
  }

  private mutating func exchange() async throws {
    let (path, other) = (anything(), anything())
    last = "exchange \(path) \(other)"
    let fs = fs
    let expected = tree.exchange(path, other)
    try await agree(expected) { try await fs.rename(path, to: other, .exchange) }
  }

  private mutating func change() async throws {
    let path = anyPlace()
    let fs = fs
    if tree.files[path] != nil {
      last = "unlink \(path)"
      tree.files[path] = nil
      try await fs.unlink(path)
    } else if tree.isDirectory(path) {
      last = "rmdir \(path)"
      let expected = tree.names(in: path).isEmpty
      if expected { tree.directories.remove(path) }
      try await agree(expected) { try await fs.removeDirectory(path) }
    } else if Bool.random(using: &random) {
      last = "mkdir \(path)"
      tree.directories.insert(path)
      try await fs.makeDirectory(path)
    } else {
      serial += 1
      last = "create \(path)"
      tree.files[path] = "local \(serial)"
      try await fs.write("local \(serial)", to: path)
    }
  }

  func finish() async throws {
    fs.volume.setPaused(false)
    #expect(try await fs.tree() == tree, "\(last)")
    try await fs.drain()
    #expect(try await fs.tree() == tree)
    #expect(try await fs.files().filter { !fs.isProbe($0.key) } == expectedFiles)
    let markers = try await fs.texts().keys.filter { $0.hasSuffix("/") }
    for marker in markers { #expect(tree.isDirectory(String(marker.dropFirst(3).dropLast()))) }
    #expect(try await fs.sibling().tree() == tree)
    #expect(fs.volume.context.statistics.conflicts.count == 0)
  }

  private var expectedFiles: [String: String] {
    Dictionary(uniqueKeysWithValues: tree.files.map { ("ns/" + $0.key, $0.value) })
  }
}

extension TestVolume {
  /// What a probe of the store's features has written. One that a crash has cut off stays for the
  /// hour in which it may still be on its way.
  fileprivate func isProbe(_ key: String) -> Bool {
    key.utf8.starts(with: "ns/.mediafs/probe-".utf8)
  }

  /// All of it, as an application sees it.
  func tree() async throws -> NaiveTree {
    var tree = NaiveTree()
    var pending = [""]
    while let directory = pending.popLast() {
      for name in try await names(directory) {
        let path = directory.isEmpty ? name : directory + "/" + name
        if try await attributes(path).kind == .directory {
          tree.directories.insert(path)
          pending.append(path)
        } else {
          tree.files[path] = String(decoding: try await read(path), as: UTF8.self)
        }
      }
    }
    return tree
  }
}
