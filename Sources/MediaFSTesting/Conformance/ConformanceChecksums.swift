import ObjectStorage
import Synchronization

extension ObjectStoreConformance {
  static let checksumChecks = [
    ConformanceCheck("only some checksums are verified") { check in
      for algorithm in ChecksumAlgorithm.allCases {
        let isVerified = try await check.store.verifies(algorithm, at: check.key("object"))
        try check.expectEqual(
          isVerified, check.traits.verified.contains(algorithm), "what is known of \(algorithm)")
      }
    },
    ConformanceCheck("an object has the checksum of its bytes", where: { $0.checksum != nil }) {
      check in
      try await check.put("object", checkedBytes)
      let head = try await check.head("object")
      try check.expectEqual(head.checksum, check.traits.checksum.map(checksum), "the checksum")
      let whole = try await check.store.get(check.key("object"), range: nil, ifMatch: head.etag)
      try check.expectEqual(whole.info.checksum, head.checksum, "the checksum of what comes")
      try check.expectBytes(try await whole.body.collect(), checkedBytes, "the object")
      try check.expectBytes(try await check.read("object", 2..<5), Array("345".utf8), "a range")
    },
    ConformanceCheck("bytes that were damaged on their way are sent again") { check in
      let (small, large) = (Conformance.bytes(70_000, seed: 3), check.fullPart(seed: 4))
      _ = try await check.store.put(
        check.key("object"), DamagedSource(small), headers: ObjectHeaders(), condition: .none)
      try check.expectBytes(try await check.read("object"), small, "the object")
      let upload = try await check.begin("parts")
      let parts = [
        try await check.store.uploadPart(
          check.key("parts"), upload, number: 1, DamagedSource(large)),
        try await check.part("parts", upload, 2, [1]),
      ]
      try await check.complete("parts", upload, parts)
      try check.expectBytes(try await check.read("parts"), large + [1], "what is made of parts")
    },
    ConformanceCheck("parts have the checksum of the whole", where: \.checksumOfParts) { check in
      let upload = try await check.begin("object")
      try check.expectEqual(upload.checksum, check.traits.checksum, "the upload's checksum")
      let parts = [
        try await check.part("object", upload, 1, check.fullPart(seed: 1)),
        try await check.part("object", upload, 2, checkedBytes),
      ]
      try await check.complete("object", upload, parts)
      let head = try await check.head("object")
      try check.expectEqual(head.checksum, ObjectChecksum.whole(of: parts), "the checksum")
    },
    ConformanceCheck("what others began is completed too", where: \.checksumOfParts) { check in
      var upload = try await check.begin("object")
      let parts = [
        try await check.part("object", upload, 1, check.fullPart(seed: 1)),
        try await check.part("object", upload, 2, checkedBytes),
      ]
      // Nothing was recorded of the parts.
      let listed = try await check.store.listParts(check.key("object"), upload)
      try check.expectEqual(listed, parts.map(\.withoutChecksum), "the parts")
      try await check.complete("object", upload, listed)
      // It began when writes had no checksum.
      check.store.use(nil)
      upload = try await check.begin("object")
      check.store.use(check.traits.checksum)
      try check.expectEqual(upload.checksum, nil, "the upload's checksum")
      let part = try await check.part("object", upload, 1, checkedBytes)
      try await check.complete("object", upload, [part])
      try check.expectBytes(try await check.read("object"), checkedBytes, "the object")
    },
    ConformanceCheck("other parts make no object", where: \.checksumOfParts) { check in
      let upload = try await check.begin("object")
      var part = try await check.part("object", upload, 1, checkedBytes)
      part.checksum = part.checksum.map { ObjectChecksum($0.algorithm, $0.value ^ 1) }
      try await check.expectFailure(.unavailable, of: "completing") {
        () async throws(ObjectStoreError) in
        try await check.complete("object", upload, [part])
      }
      try check.expectEqual(try await check.names(), [], "the listing")
    },
  ]

  /// What catalogues of checksums give the checksum of.
  private static let checkedBytes = Array("123456789".utf8)

  private static func checksum(_ algorithm: ChecksumAlgorithm) -> ObjectChecksum {
    switch algorithm {
    case .crc64nvme: ObjectChecksum(algorithm, 0xae8b_1486_0a79_9888)
    case .crc32c: ObjectChecksum(algorithm, 0xe306_9283)
    }
  }
}

extension UploadedPart {
  /// As it is listed.
  var withoutChecksum: UploadedPart { UploadedPart(number: number, etag: etag, size: size) }
}

/// Bytes of which the first is another one when they are read for the second time: a client that
/// reads them for their checksum first sends the damaged ones.
private final class DamagedSource: ObjectSource {
  private let bytes: [UInt8]
  private let reads = Mutex(0)

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var length: Int64 { Int64(bytes.count) }

  func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] {
    var part = Array(bytes[Int(offset)..<Int(offset) + count])
    let isSecond = reads.withLock { reads in
      if offset == 0 { reads += 1 }
      return reads == 2
    }
    if offset == 0, isSecond, count > 0 { part[0] ^= 1 }
    return part
  }
}
