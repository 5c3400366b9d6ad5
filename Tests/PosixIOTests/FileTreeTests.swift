import Glibc
import PosixIO
import SystemPackage
import Testing

@Suite struct FileTreeTests {
  @Test func directoriesAreMadeWithTheirParents() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending("a").appending("b").appending("c")
      try FileTree.makeDirectories(path, permissions: .ownerReadWriteExecute)
      try FileTree.makeDirectories(path, permissions: .ownerReadWriteExecute)
      #expect(try FileTree.status(of: path).mode & 0o777 == 0o700)
      let file = path.appending("file")
      _ = try OwnedDescriptor(opening: file, .writeOnly, options: .create)
      #expect(throws: Errno.notDirectory) {
        try FileTree.makeDirectories(file, permissions: .ownerReadWriteExecute)
      }
      try FileTree.setPermissions(of: file, .ownerRead)
      #expect(try FileTree.status(of: file).mode & 0o777 == 0o400)
    }
  }

  @Test func renameReplacesAndStays() throws {
    try withTemporaryDirectory { directory in
      let (old, new) = (directory.appending("old"), directory.appending("new"))
      try OwnedDescriptor(opening: old, .writeOnly, options: .create).write([1], at: 0)
      _ = try OwnedDescriptor(opening: new, .writeOnly, options: .create)
      try FileTree.renameDurably(old, to: new)
      #expect(try FileTree.names(in: directory) == ["new"])
      #expect(try FileTree.status(of: new).size == 1)
      #expect(throws: Errno.noSuchFileOrDirectory) { try FileTree.renameDurably(old, to: new) }
    }
  }

  @Test func treesAreRemovedWhatEverTheirNames() throws {
    try withTemporaryDirectory { directory in
      let tree = directory.appending("tree")
      try FileTree.makeDirectories(tree.appending("d"), permissions: .ownerReadWriteExecute)
      let bad = Array((tree.string + "/").utf8CString.dropLast()) + [-1, 0]
      #expect(unsafe mkdir(bad, 0o700) == 0)
      #expect(unsafe symlink(directory.string, tree.appending("link").string) == 0)
      #expect(Set(try FileTree.names(in: tree)) == ["d", "link", "\u{FFFD}"])
      try FileTree.removeTree(tree)
      try FileTree.removeTree(tree)
      #expect(try FileTree.exists(tree) == false)
      #expect(try FileTree.exists(directory))
    }
  }

  @Test func missingIsNotTheSameAsUnknown() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appending("file")
      _ = try OwnedDescriptor(opening: file, .writeOnly, options: .create)
      #expect(try FileTree.exists(directory.appending("none")) == false)
      #expect(throws: Errno.notDirectory) { try FileTree.exists(file.appending("below")) }
      try FileTree.unlink(file)
      #expect(try FileTree.exists(file) == false)
    }
  }

  @Test func spaceIsInBytes() throws {
    let space = try FileTree.space(at: "/tmp")
    #expect(space.total > 1 << 20)
    #expect(space.free <= space.total)
  }
}
