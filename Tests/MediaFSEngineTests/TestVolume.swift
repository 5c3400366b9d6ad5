import Glibc
import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import PosixIO
import SystemPackage

/// A volume on a directory of its own and a store in memory, driven as the kernel would.
final class TestVolume {
  private static let executor = BlockingExecutor(name: "engine-test", maximumThreads: 8)

  let directory: FilePath
  let store: FaultStore
  var options: VolumeOptions
  private(set) var volume: Volume
  private let environment: Environment

  init(
    store: FaultStore = FaultStore(MemoryObjectStore()),
    clock: ManualClock? = nil,
    deadlines: HeldDeadlines? = nil,
    faults: UnreadableDisk.Faults? = nil,
    configure: (inout VolumeOptions) throws -> Void = { _ in }
  ) throws {
    self.store = store
    let number = UInt64.random(in: 0..<UInt64.max)
    directory = FilePath("/tmp/mediafs-engine-test-\(getpid())-\(String(number, radix: 36))")
    options = VolumeOptions(stateDirectory: directory.string, keyPrefix: "ns/")
    options.source = "memory"
    options.uploadDelay = .zero
    options.deleteDelay = .zero
    options.metadataTTL = nil
    options.cacheMinimumFree = 0
    options.host = "here"
    options.networkDeadline = .seconds(20)
    // Only what a test asks for is fetched.
    options.fetchesFirstBytes = false
    try configure(&options)
    var environment = Environment.live(executor: Self.executor)
    if let clock { environment.now = { clock.now } }
    if let deadlines {
      let time = environment.sleep
      environment.sleep = { await deadlines.wait($0, otherwise: time) }
    }
    if let faults {
      let disk = environment.contentDisk
      environment.contentDisk = { path throws(Errno) in
        UnreadableDisk(base: try disk(path), faults: faults)
      }
    }
    self.environment = environment
    volume = try Self.open(options, store, environment)
  }

  deinit {
    try? FileTree.removeTree(directory)
  }

  private static func open(
    _ options: VolumeOptions, _ store: FaultStore, _ environment: Environment
  ) throws -> Volume {
    let volume = try Volume.open(
      options, store: store, environment: environment,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    volume.start()
    return volume
  }

  /// What `kill -9` leaves: nothing in memory is written down.
  func crash() async throws {
    await volume.reconciler.stop()
    volume.context.catalog.abandon()
    volume = try Self.open(options, store, environment)
  }

  func stop() async {
    await volume.stop()
  }

  /// The disk changes a byte of a content file by itself.
  func damage(_ path: String, at offset: Int64) async throws {
    guard let record = try volume.context.catalog.inode(await inode(path)) else {
      throw Errno.noSuchFileOrDirectory
    }
    let file = try volume.context.disk.open(record.content)
    let bytes = try file.read(count: 1, at: offset)
    try file.write(bytes.map { $0 ^ 0x40 }, at: offset)
  }

  /// Another mount of the same store with an empty cache.
  func sibling(_ configure: (inout VolumeOptions) -> Void = { _ in }) throws -> TestVolume {
    let options = options
    return try TestVolume(store: store) {
      let directory = $0.stateDirectory
      $0 = options
      $0.stateDirectory = directory
      configure(&$0)
    }
  }

  func drain() async throws {
    try await volume.flush(beneath: nil)
  }

  /// Bytes of which no two KiB are alike, so that a displaced one is noticed.
  static func pattern(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 1_024)
    for block in 0..<(count + 1_023) / 1_024 {
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: block >> ($0 * 8)) }
      bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: block &* 31), count: 1_016)
    }
    return Array(bytes.prefix(count))
  }

  // MARK: Paths

  func inode(_ path: String) async throws -> InodeNumber {
    var current = InodeNumber.root
    for part in path.split(separator: "/") {
      current = try await volume.lookup(Self.name(part), in: current).attributes.inode
    }
    return current
  }

  static func name(_ text: some StringProtocol) throws -> FileName {
    guard let name = FileName(String(text)) else { throw Errno.invalidArgument }
    return name
  }

  private func place(_ path: String) async throws -> (parent: InodeNumber, name: FileName) {
    var parts = path.split(separator: "/")
    guard let last = parts.popLast() else { throw Errno.invalidArgument }
    return (try await inode(parts.joined(separator: "/")), try Self.name(last))
  }

  /// Nothing is sent before all of it is written: else an empty file may be, and is no conflict,
  /// but one call more.
  func write(_ path: String, _ bytes: [UInt8]) async throws {
    let reconciler = volume.reconciler
    let isPaused = reconciler.isPaused
    reconciler.isPaused = true
    let handle: FileHandle
    do {
      defer { reconciler.isPaused = isPaused }
      handle = try await fill(path, with: bytes)
    }
    try await volume.flush(handle)
    volume.release(handle)
  }

  private func fill(_ path: String, with bytes: [UInt8]) async throws -> FileHandle {
    let (parent, name) = try await place(path)
    let (entry, open) = try await volume.create(
      name, in: parent, permissions: 0o644, caller: Caller(owner: Owner(user: 0, group: 0)),
      [.write, .truncate])
    // Of what was opened: its name may stand for another file by now.
    if entry.attributes.size > 0 {
      _ = try await volume.setAttributes(
        of: entry.attributes.inode, AttributeChanges(size: 0), handle: nil)
    }
    try write(bytes, at: 0, to: open.handle)
    return open.handle
  }

  func write(_ text: String, to path: String) async throws {
    try await write(path, Array(text.utf8))
  }

  func write(
    _ bytes: [UInt8], at offset: Int64, to handle: FileHandle, appends: Bool = false
  ) throws {
    try unsafe bytes.withUnsafeBytes {
      try unsafe volume.write(handle, at: offset, $0, appends: appends)
    }
  }

  /// Changes a file, and `bytes` likewise: both become longer where it reaches behind the end.
  func patch(
    _ path: String, at offset: Int64, _ patch: [UInt8], alsoIn bytes: inout [UInt8]
  ) async throws {
    let handle = try await open(path, [.read, .write])
    try write(patch, at: offset, to: handle)
    try await volume.flush(handle)
    volume.release(handle)
    let start = Int(offset)
    bytes.replaceSubrange(start..<min(bytes.count, start + patch.count), with: patch)
  }

  /// Looks the path up once more, as the kernel does, when its inode has become another one.
  func open(_ path: String, _ flags: OpenFlags = [.read]) async throws -> FileHandle {
    do {
      return try await volume.open(inode(path), flags).handle
    } catch let error as FileSystemError where error.errno == .staleNFSFileHandle {
      return try await volume.open(inode(path), flags).handle
    }
  }

  func read(_ path: String) async throws -> [UInt8] {
    let handle = try await open(path)
    defer { volume.release(handle) }
    var bytes: [UInt8] = []
    while true {
      let part = try await volume.read(handle, at: Int64(bytes.count), count: 128 << 10)
      if part.isEmpty { return bytes }
      bytes += part
    }
  }

  func attributes(_ path: String) async throws -> FileAttributes {
    try await volume.attributes(of: inode(path), handle: nil).attributes
  }

  func makeDirectory(_ path: String) async throws {
    let (parent, name) = try await place(path)
    _ = try await volume.makeDirectory(
      name, in: parent, permissions: 0o755, caller: Caller(owner: Owner(user: 0, group: 0)))
  }

  func rename(_ path: String, to newPath: String, _ mode: RenameMode = .replace) async throws {
    let (parent, name) = try await place(path)
    let (newParent, newName) = try await place(newPath)
    try await volume.rename(name, in: parent, to: newName, in: newParent, mode: mode)
  }

  func unlink(_ path: String) async throws {
    let (parent, name) = try await place(path)
    try await volume.unlink(name, in: parent)
  }

  func removeDirectory(_ path: String) async throws {
    let (parent, name) = try await place(path)
    try await volume.removeDirectory(name, in: parent)
  }

  func names(_ path: String = "") async throws -> [String] {
    let handle = try await volume.openDirectory(inode(path)).handle
    defer { volume.releaseDirectory(handle) }
    var names: [String] = []
    try volume.readDirectory(handle, after: 0) { entry in
      names.append(entry.name)
      return true
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  private static let probes = "ns/.mediafs/probe-"

  /// All objects of the namespace without those that probes write and delete meanwhile.
  func objects() async throws -> [String: [UInt8]] {
    var objects: [String: [UInt8]] = [:]
    var request = ListRequest(prefix: "", foldsDirectories: false)
    repeat {
      let page = try await store.list(request)
      for object in page.objects where !object.key.text.utf8.starts(with: Self.probes.utf8) {
        objects[object.key.text] =
          try await store.get(object.key, range: nil, ifMatch: nil).body.collect()
      }
      request.continuation = page.continuation
    } while request.continuation != nil
    return objects
  }

  /// PUTs of files and markers, without those of probes.
  func puts() -> [StoreCall] {
    let keySpace = KeySpace(prefix: options.keyPrefix)
    return store.calls(.put).filter { !keySpace.isReserved($0.key) }
  }

  /// Keys and texts, for small objects.
  func texts() async throws -> [String: String] {
    try await objects().mapValues { String(decoding: $0, as: UTF8.self) }
  }

  /// The same without markers of directories.
  func files() async throws -> [String: String] {
    try await texts().filter { $0.key.utf8.last != UInt8(ascii: "/") }
  }
}
