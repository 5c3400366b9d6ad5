import MediaFSCache
import MediaFSCore
import MediaFSTesting
import PosixIO
import SystemPackage
import Testing

@Suite struct ContentDirectoryTests {
  private let temporary: TemporaryDirectory
  private let state: FilePath
  private let directory: ContentDirectory

  init() throws {
    temporary = try TemporaryDirectory()
    state = FilePath(temporary.path).appending("state")
    directory = try ContentDirectory(in: state)
  }

  private func path(_ parts: String...) -> FilePath {
    parts.reduce(state) { $0.appending($1) }
  }

  private func permissions(_ path: FilePath) throws -> UInt32 {
    try FileTree.linkStatus(of: path).mode & 0o7777
  }

  private func fill(_ content: ContentNumber, _ bytes: [UInt8] = [1, 2, 3]) throws {
    try directory.open(content).write(bytes, at: 0)
  }

  @Test func onlyTheOwnerGetsIn() throws {
    for path in [state, path("content"), path("quarantine"), path("content", "00")] {
      #expect(try permissions(path) == 0o700, "\(path)")
    }
    try fill(ContentNumber(1))
    #expect(try permissions(path("content", "01", "1")) == 0o600)
  }

  @Test func thereAreAsManyDirectoriesAsOneByteHasValues() throws {
    let buckets = try FileTree.names(in: path("content"))
    #expect(buckets.count == 256)
    #expect(Set(buckets).isSuperset(of: ["00", "0a", "ff"]))
  }

  @Test func openingAgainChangesNothing() throws {
    try fill(ContentNumber(0x1FF))
    let again = try ContentDirectory(in: state)
    #expect(try again.status(of: ContentNumber(0x1FF))?.size == 3)
    _ = try again.open(ContentNumber(0x1FF))
    #expect(try again.status(of: ContentNumber(0x1FF))?.size == 3)
    #expect(try again.contents(ofBucket: 0xFF) == [ContentNumber(0x1FF)])
  }

  @Test func removedIsGoneButForWhoHasItOpen() throws {
    let content = ContentNumber(7)
    try fill(content)
    let file = try directory.open(content)
    try directory.remove(content)
    #expect(try directory.status(of: content) == nil)
    #expect(try file.status().size == 3)
    // Idempotent, and nothing to do for an inode without content.
    try directory.remove(content)
    try directory.remove(.none)
  }

  @Test func aMissingFileHasNoStatus() throws {
    #expect(try directory.status(of: ContentNumber(9)) == nil)
  }

  @Test func aContentFileIsNoSymbolicLink() throws {
    let outside = FilePath(temporary.path).appending("outside")
    _ = try SharedDescriptor(opening: outside, .readWrite, options: .create)
    _ = try run(
      ["ln", "-s", outside.string, path("content", "05", "5").string], within: .seconds(60))
    #expect(throws: Errno.tooManySymbolicLinkLevels) { try directory.open(ContentNumber(5)) }
  }

  @Test func foreignNamesAreLeftAlone() throws {
    try fill(ContentNumber(3))
    for name in ["notes.txt", "3x", "lost+found"] {
      _ = try SharedDescriptor(
        opening: path("content", "03", name), .readWrite, options: .create)
    }
    #expect(try directory.contents(ofBucket: 3) == [ContentNumber(3)])
    #expect(try FileTree.names(in: path("content", "03")).count == 4)
  }

  @Test func quarantineMovesAndNeverDeletes() throws {
    let content = ContentNumber(260)
    try fill(content, [9, 8, 7, 6])
    try directory.quarantine(content)
    #expect(try directory.status(of: content) == nil)
    #expect(try FileTree.linkStatus(of: path("quarantine", "260")).size == 4)
    // Another one of the same number, from a catalog that began anew: beside it.
    try fill(content, [5])
    try directory.quarantine(content)
    #expect(try FileTree.linkStatus(of: path("quarantine", "260")).size == 4)
    #expect(try FileTree.linkStatus(of: path("quarantine", "260.1")).size == 1)
    #expect(throws: Errno.noSuchFileOrDirectory) { try directory.quarantine(content) }
  }

  @Test func namesAreMadeDurable() throws {
    try fill(ContentNumber(1))
    try directory.synchronizeName(of: ContentNumber(1))
    try FileTree.removeTree(path("content", "02"))
    #expect(throws: Errno.noSuchFileOrDirectory) {
      try directory.synchronizeName(of: ContentNumber(2))
    }
  }
}
