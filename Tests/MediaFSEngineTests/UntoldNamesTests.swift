import MediaFSCore
import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Synchronization
import SystemPackage
import Testing

/// What others do between the kernel's look at a name and what it asks for by that name.
@Suite struct UntoldNamesTests {
  /// A kernel that is told later of what has changed.
  private final class SlowKernel: KernelCache {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    func knows(_ inode: InodeNumber) -> Bool { true }
    func invalidate(_ inode: InodeNumber) {}
    func invalidate(
      _ name: FileName, in parent: InodeNumber, told: @escaping @Sendable () -> Void
    ) {
      waiting.withLock { $0.append(told) }
    }

    func hear() {
      for told in waiting.withLock({ $0 }) { told() }
    }
  }

  private enum Use: CaseIterable {
    case rename, replace, exchange, unlink
  }

  private func put(_ text: String, at key: String, of fs: TestVolume) async throws {
    _ = try await fs.store.put(
      ObjectKey(key), BytesSource(Array(text.utf8)), headers: ObjectHeaders(), condition: .none)
  }

  /// "f" is theirs by now, and the kernel still takes it for ours.
  private func stage() async throws -> (TestVolume, SlowKernel) {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("ours", to: "f")
    try await fs.write("other", to: "g")
    try await fs.drain()
    let kernel = SlowKernel()
    fs.volume.attach(kernel)
    try await put("theirs", at: "ns/f", of: fs)
    fs.volume.releaseDirectory(try await fs.volume.openDirectory(.root).handle)
    return (fs, kernel)
  }

  private func carryOut(_ use: Use, _ fs: TestVolume) async throws {
    let (f, g) = (try TestVolume.name("f"), try TestVolume.name("g"))
    switch use {
    case .rename: try await fs.volume.rename(f, in: .root, to: g, in: .root, mode: .replace)
    case .replace: try await fs.volume.rename(g, in: .root, to: f, in: .root, mode: .replace)
    case .exchange: try await fs.volume.rename(g, in: .root, to: f, in: .root, mode: .exchange)
    case .unlink: try await fs.volume.unlink(f, in: .root)
    }
  }

  @Test(arguments: Use.allCases, [true, false])
  private func aNameThatTheKernelTakesForAnotherFileIsNotUsed(
    _ use: Use, isLookedUp: Bool
  ) async throws {
    let (fs, kernel) = try await stage()
    let error = await #expect(throws: FileSystemError.self) { try await carryOut(use, fs) }
    #expect(error?.errno == .staleNFSFileHandle)
    // It looks the name up anew, or has heard that it has to.
    if isLookedUp { _ = try await fs.inode("f") } else { kernel.hear() }
    try await carryOut(use, fs)
  }

  /// A listing on the way would change the names between the look and the use.
  @Test(arguments: Use.allCases)
  private func aUseOfANameWaitsForNoListing(_ use: Use) async throws {
    let fs = try TestVolume { $0.metadataTTL = .zero }
    try await fs.write("ours", to: "f")
    try await fs.write("other", to: "g")
    try await fs.drain()
    let listings = fs.store.calls(.list)
    try await carryOut(use, fs)
    #expect(fs.store.calls(.list) == listings)
  }
}
