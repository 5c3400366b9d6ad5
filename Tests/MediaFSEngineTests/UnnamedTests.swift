import MediaFSCache
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
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
    func invalidate(_ name: FileName, in parent: InodeNumber, told: @Sendable () -> Void) {
      told()
    }

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
    let opened = try await fs.volume.openDirectory(directory).handle
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

  /// A remote file of which the beginning is here, and which the kernel knows.
  private func partlyHere() async throws -> (TestVolume, Kernel, [UInt8], InodeNumber) {
    let fs = try TestVolume()
    let bytes = TestVolume.pattern(8 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/film"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    let kernel = Kernel()
    fs.volume.attach(kernel)
    let film = try await fs.inode("film")
    kernel.learn(film)
    let handle = try await fs.volume.open(film, [.read]).handle
    _ = try await fs.volume.read(handle, at: 0, count: 100)
    fs.volume.release(handle)
    // The fetch reads ahead of the reader, and ends when it notices that nobody waits.
    while fs.volume.context.registry.current(film) != nil { await Task.yield() }
    return (fs, kernel, bytes, film)
  }

  @Test func anOpenOneIsReadFromTheObjectThatItHad() async throws {
    let (fs, _, bytes, film) = try await partlyHere()
    let handle = try await fs.volume.open(film, [.read]).handle
    try await fs.unlink("film")
    // As whoever opens it while the name goes.
    try fs.volume.context.registry.rebase(film)
    let another = try await fs.volume.open(film, [.read]).handle
    for reader in [handle, another] {
      let tail = try await fs.volume.read(reader, at: 7 << 20, count: 100)
      #expect(tail == Array(bytes[7 << 20..<7 << 20 + 100]))
      fs.volume.release(reader)
    }
    try await fs.drain()
    #expect(try await fs.objects().isEmpty)
  }

  @Test func oneThatIsNotAllHereIsNotOpened() async throws {
    let (fs, kernel, _, film) = try await partlyHere()
    try await fs.unlink("film")
    await expectError(.staleNFSFileHandle) { _ = try await fs.volume.open(film, [.read]) }
    #expect(fs.volume.context.registry.current(film) == nil)
    // Nothing is asked of what is cut off.
    let handle = try await fs.volume.open(film, [.read, .write, .truncate]).handle
    #expect(try await fs.volume.read(handle, at: 0, count: 100).isEmpty)
    fs.volume.release(handle)
    kernel.forget(film, fs.volume)
    #expect(try !isThere(film, fs))
  }

  /// Large enough for the store to be asked for copies of what did not change.
  @Test func oneThatGetsANameAgainIsUploadedAnew() async throws {
    let (fs, _, _, _) = try await partlyHere()
    let bytes = TestVolume.pattern(33 << 20)
    try await fs.write("large", bytes)
    try await fs.drain()
    let handle = try await fs.open("large")
    let inode = try await fs.inode("large")
    try await fs.unlink("large")
    _ = try await fs.volume.link(inode, to: TestVolume.name("again"), in: .root)
    try await fs.volume.reconciler.drain(beneath: .root, "flush", limit: .seconds(60))
    #expect(try await fs.objects()["ns/again"] == bytes)
    #expect(try await fs.names() == ["again", "film"])
    fs.volume.release(handle)
  }
}
