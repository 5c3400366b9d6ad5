import MediaFSCache
import MediaFSCore
@testable import MediaFSEngine
import Synchronization
import SystemPackage
import Testing

/// Inodes without a name, as long as the kernel may ask about them.
@Suite struct UnnamedTests {
  /// What the kernel of a mount would know.
  private final class Kernel: KernelCache {
    let known = Mutex<Set<InodeNumber>>([])

    func knows(_ inode: InodeNumber) -> Bool { known.withLock { $0.contains(inode) } }
    func invalidate(_ inode: InodeNumber) {}
    func invalidate(_ name: FileName, in parent: InodeNumber) {}

    func learn(_ inode: InodeNumber) { known.withLock { _ = $0.insert(inode) } }

    func forget(_ inode: InodeNumber, _ volume: Volume) {
      known.withLock { _ = $0.remove(inode) }
      volume.forget(inode)
    }
  }

  private func isThere(_ inode: InodeNumber, _ fs: TestVolume) throws -> Bool {
    try fs.volume.context.inode(inode, "test") != nil
  }

  @Test func theyLiveUntilTheKernelForgetsThem() async throws {
    let fs = try TestVolume()
    let kernel = Kernel()
    fs.volume.attach(kernel)
    try await fs.makeDirectory("directory")
    try await fs.write("bytes", to: "file")
    try await fs.write("other", to: "other")
    let link = try await fs.volume.makeSymbolicLink(
      TestVolume.name("link"), in: .root, target: "target",
      caller: Caller(owner: Owner(user: 0, group: 0))
    ).attributes.inode
    let directory = try await fs.inode("directory")
    let file = try await fs.inode("file")
    for inode in [directory, file, link] { kernel.learn(inode) }

    try await fs.removeDirectory("directory")
    try await fs.rename("other", to: "file")
    try await fs.unlink("link")
    for inode in [directory, file, link] {
      let attributes = try await fs.volume.attributes(of: inode, handle: nil).attributes
      #expect(attributes.linkCount == 0)
    }
    #expect(try await fs.volume.readSymbolicLink(link) == "target")
    let opened = try await fs.volume.openDirectory(directory)
    try fs.volume.readDirectory(opened, after: 0) { entry in
      #expect([".", ".."].contains { entry.name.utf8.elementsEqual($0.utf8) })
      return true
    }
    fs.volume.releaseDirectory(opened)

    // A handle and the kernel both hold the file: the last one lets it go.
    let handle = try await fs.volume.open(file, [.read]).handle
    #expect(try await fs.volume.read(handle, at: 0, count: 9) == Array("bytes".utf8))
    fs.volume.release(handle)
    #expect(try isThere(file, fs))
    let again = try await fs.volume.open(file, [.read]).handle
    for inode in [directory, file, link] { kernel.forget(inode, fs.volume) }
    #expect(try isThere(file, fs))
    fs.volume.release(again)
    for inode in [directory, file, link] { #expect(try !isThere(inode, fs)) }
    #expect(fs.volume.context.unnamed.withLock { $0.isEmpty })
    #expect(fs.volume.context.space.account.used == 5)
  }

  @Test func aNamedOneStaysWhenTheKernelForgetsIt() async throws {
    let fs = try TestVolume()
    let kernel = Kernel()
    fs.volume.attach(kernel)
    try await fs.write("bytes", to: "file")
    let file = try await fs.inode("file")
    kernel.learn(file)
    kernel.forget(file, fs.volume)
    #expect(try await fs.read("file") == Array("bytes".utf8))
  }

  @Test func aCrashErasesThem() async throws {
    let fs = try TestVolume()
    let kernel = Kernel()
    fs.volume.attach(kernel)
    try await fs.makeDirectory("directory")
    let directory = try await fs.inode("directory")
    kernel.learn(directory)
    try await fs.removeDirectory("directory")
    #expect(try isThere(directory, fs))
    try await fs.crash()
    #expect(try !isThere(directory, fs))
  }
}
