import MediaFSCore
import MediaFSEngine
import ObjectStorage

/// Does with a store, on an object of its own, all that a mount will do.
struct StoreTrial: Sendable {
  /// Why a step did not work.
  enum Problem: Error, Sendable {
    case refused(ObjectStoreError)
    /// It was answered, and the answer was wrong.
    case wrong(String)
  }

  /// What came of all steps.
  struct Report: Sendable {
    fileprivate(set) var problems: [(step: String, problem: Problem)] = []

    /// `nil` when the store can be used.
    func failure(address: String, source: Source) -> Failure? {
      guard let (step, problem) = problems.first else { return nil }
      let names = problems.map(\.step).joined(separator: ", ")
      switch problem {
      case .wrong(let what): return Failure(.storeLacksFeature, "\(names): \(what)")
      case .refused(let error):
        let failure = StoreFailure.describe(
          error, source: source.description, address: address, skew: nil)
        // Not implemented, or not as AWS does it.
        let status = error.kind == .invalid ? .storeLacksFeature : failure.status
        return Failure(status, "\(step): \(failure)")
      }
    }
  }

  private static let smallSize = 4_096

  private let store: any ObjectStore
  private let keySpace: KeySpace
  private let key: ObjectKey

  init(store: any ObjectStore, source: Source) {
    self.store = store
    keySpace = KeySpace(prefix: source.keyPrefix)
    let number = String(UInt64.random(in: 0 ... .max), radix: 16)
    key = ObjectKey(keySpace.reservedPrefix + "check-\(number)")
  }

  /// - Parameter tell: gets one line for each step.
  func run(_ tell: (String) -> Void) async -> Report {
    var report = Report()
    let bytes = Self.bytes(Self.smallSize)
    await step("PUT", &report, tell) { _ = try await put(bytes) }
    await step("GET", &report, tell) { try await expect(bytes, range: nil) }
    await step("GET of a range", &report, tell) { try await expect(bytes, range: 1_000..<3_000) }
    await step("LIST", &report, tell) { try await expectListed() }
    await step("multipart upload", &report, tell) { try await uploadInParts() }
    await step("conditional PUT", &report, tell) {
      try await conditions().forEach(tell)
    }
    await step("DELETE", &report, tell) { try await expectDeleted() }
    return report
  }

  private func step(
    _ name: String, _ report: inout Report, _ tell: (String) -> Void,
    _ body: () async throws -> Void
  ) async {
    do {
      try await body()
      tell("\(name): works")
    } catch {
      let problem =
        (error as? ObjectStoreError).map(Problem.refused) ?? (error as? Problem)
        ?? .wrong("\(error)")
      report.problems.append((name, problem))
      switch problem {
      case .refused(let error): tell("\(name): fails: \(error)")
      case .wrong(let what): tell("\(name): does not work: \(what)")
      }
    }
  }

  /// Blocks of random bytes that begin with their number: no two are the same, and the generator
  /// is asked for one block only.
  private static func bytes(_ count: Int) -> [UInt8] {
    var block = (0..<smallSize).map { _ in UInt8.random(in: 0 ... .max) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    for number in 0...count / block.count {
      block[0] = UInt8(truncatingIfNeeded: number)
      block[1] = UInt8(truncatingIfNeeded: number >> 8)
      bytes += block
    }
    return Array(bytes.prefix(count))
  }
}

// MARK: - Steps

extension StoreTrial {
  private func put(_ bytes: [UInt8]) async throws -> ETag {
    try await store.put(
      key, BytesSource(bytes), headers: ObjectHeaders(metadata: ["mediafs": "check"]),
      condition: .none)
  }

  private func expect(_ bytes: [UInt8], range: Range<Int64>?) async throws {
    let download = try await store.get(key, range: range, ifMatch: nil)
    let expected = range.map { bytes[Int($0.lowerBound)..<Int($0.upperBound)] } ?? bytes[...]
    guard try await download.body.collect().elementsEqual(expected) else {
      throw Problem.wrong("other bytes came back than were written")
    }
    guard download.info.headers.metadata["mediafs"] == "check" else {
      throw Problem.wrong("the object's metadata got lost")
    }
  }

  private func expectListed() async throws {
    let page = try await store.list(ListRequest(prefix: key.text, foldsDirectories: false))
    guard page.objects.contains(where: { $0.key == key }) else {
      throw Problem.wrong("the object is not in the listing")
    }
  }

  private func uploadInParts() async throws {
    let first = Self.bytes(Int(store.limits.minimumPartSize))
    let second = Self.bytes(Self.smallSize)
    let upload = try await store.createUpload(
      key, headers: ObjectHeaders(metadata: ["mediafs": "check"]))
    do {
      let parts = [
        try await store.uploadPart(key, upload, number: 1, BytesSource(first)),
        try await store.uploadPart(key, upload, number: 2, BytesSource(second)),
      ]
      _ = try await store.completeUpload(key, upload, parts: parts, condition: .none)
    } catch {
      try? await store.abortUpload(key, upload)
      throw error
    }
    // The seam is where parts are mixed up.
    let seam = Int64(first.count - 1_000)..<Int64(first.count + 1_000)
    try await expect(first + second, range: seam)
  }

  /// Lines on what is missing: such stores can be used, by one writer at a time.
  private func conditions() async throws -> [String] {
    let features = try await StoreProbe.run(
      store, StoreProbe.keys(keySpace) { .random(in: 0..<1) })
    let writes =
      switch (features.conditionalCreate, features.conditionalReplace) {
      case (true, true): "all"
      case (true, false): "If-None-Match only; If-Match is not supported"
      case (false, true): "If-Match only; If-None-Match is not supported"
      case (false, false): "none; let one host alone write"
      }
    let checksum = "checksums: \(features.checksum?.rawValue ?? "none but MD5")"
    return ["conditional writes: \(writes)"] + (store.checksums.isEmpty ? [] : [checksum])
  }

  private func expectDeleted() async throws {
    try await store.delete(key)
    do throws(ObjectStoreError) {
      _ = try await store.head(key)
    } catch {
      guard error.kind == .notFound else { throw error }
      return
    }
    throw Problem.wrong("the object is still there")
  }
}
