import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// A store that is slow is not one that does not answer: deadlines run from the last progress.
@Suite(.timeLimit(.minutes(1))) struct SlowStoreTests {
  private static let deadline: Duration = .seconds(77)
  /// One more than a page holds.
  private static let files = 1_001

  /// A volume on a store of two pages, whose second one waits at the gate.
  private func listing(
    _ deadlines: HeldDeadlines, heldPage: Int, _ gate: Gate, isKnown: Bool
  ) async throws -> TestVolume {
    let fs = try TestVolume(deadlines: deadlines) {
      $0.networkDeadline = Self.deadline
      $0.metadataTTL = .zero
      // Nothing is asked but for the listing: whatever the store answers says that it is there.
      $0.uploadEnabled = false
    }
    for number in 0..<Self.files {
      _ = try await fs.store.put(
        ObjectKey("ns/f\(number)"), BytesSource([1]), headers: ObjectHeaders(), condition: .none)
    }
    // What the marker says is waited for too.
    _ = try await fs.attributes("")
    if isKnown { #expect(try await fs.names().count == Self.files) }
    let open = Gate()
    open.open()
    if heldPage > 1 { fs.store.inject(.hold(open), on: .list, key: ObjectKey("ns/")) }
    fs.store.inject(.hold(gate), on: .list, key: ObjectKey("ns/"))
    deadlines.arm()
    return fs
  }

  @Test func aLargeDirectoryIsWaitedForWhilePagesCome() async throws {
    let (deadlines, page) = (HeldDeadlines(of: Self.deadline), Gate())
    let fs = try await listing(deadlines, heldPage: 2, page, isKnown: false)
    let volume = fs.volume
    async let opened = volume.openDirectory(.root)
    await page.reached()
    await deadlines.first.reached()
    deadlines.first.open()
    await deadlines.later.reached()
    page.open()
    volume.releaseDirectory(try await opened.handle)
    #expect(try volume.context.catalog.inodeCount() == Int64(Self.files) + 1)
  }

  @Test func aDirectoryOfWhichNoPageComesIsNotWaitedForAgain() async throws {
    let (deadlines, page) = (HeldDeadlines(of: Self.deadline), Gate())
    let fs = try await listing(deadlines, heldPage: 1, page, isKnown: false)
    let volume = fs.volume
    async let opened = volume.openDirectory(.root)
    await page.reached()
    deadlines.first.open()
    do {
      volume.releaseDirectory(try await opened.handle)
      Issue.record("There is nothing to be shown")
    } catch {
      #expect((error as? FileSystemError)?.errno == .ioError)
    }
    page.open()
  }

  @Test(arguments: [1, 2])
  func onlyAListingWithoutAPageIsAnOutage(heldPage: Int) async throws {
    let (deadlines, page) = (HeldDeadlines(of: .seconds(3)), Gate())
    let fs = try await listing(deadlines, heldPage: heldPage, page, isKnown: true)
    let volume = fs.volume
    async let opened = volume.openDirectory(.root)
    await page.reached()
    deadlines.first.open()
    volume.releaseDirectory(try await opened.handle)
    #expect((volume.context.health.offline == nil) == (heldPage == 2))
    page.open()
  }

  @Test func aCopyWaitsWhileBytesArrive() async throws {
    let deadlines = HeldDeadlines(of: Self.deadline)
    let fs = try TestVolume(deadlines: deadlines) { $0.networkDeadline = Self.deadline }
    let bytes = TestVolume.pattern(4 << 20)
    _ = try await fs.store.put(
      ObjectKey("ns/a"), BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
    try await fs.write("b", to: "b")
    let (source, target) = (try await fs.open("a"), try await fs.open("b", [.read, .write]))
    // Bytes arrive after the wait for them has begun, and not all of them.
    let (answer, body) = (Gate(), Gate())
    fs.store.inject(.holdThenFail(answer, .connectionLost), on: .get, key: ObjectKey("ns/a"))
    fs.store.inject(.holdBody(after: 1 << 20, body), on: .get, key: ObjectKey("ns/a"))
    deadlines.arm()
    let volume = fs.volume
    async let copied = volume.copyRange(
      from: source, at: 0, to: target, at: 1, count: Int64(bytes.count))
    await answer.reached()
    await deadlines.first.reached()
    answer.open()
    await body.reached()
    deadlines.first.open()
    await deadlines.later.reached()
    body.open()
    #expect(try await copied == Int64(bytes.count))
    #expect(try await fs.read("b") == Array("b".utf8) + bytes)
    for handle in [source, target] { volume.release(handle) }
  }
}
