import ObjectStorage

extension ObjectStoreConformance {
  static let partChecks = [
    ConformanceCheck("a part can be replaced") { check in
      let upload = try await check.begin("object")
      let old = try await check.part("object", upload, 1, [1, 1])
      let new = try await check.part("object", upload, 1, [2])
      try check.expect(old.etag != new.etag, "two contents of a part have one ETag")
      let listed = try await check.store.listParts(check.key("object"), upload)
      try check.expectEqual(listed, [new.withoutChecksum], "the parts")
      try await check.complete("object", upload, [new])
      try check.expectBytes(try await check.read("object"), [2], "the object")
    },
    ConformanceCheck("a part can be a range of an object", where: \.copyParts) { check in
      let source = check.fullPart(seed: 1) + Conformance.bytes(1_000, seed: 2)
      let etag = try await check.put("source é", source)
      let upload = try await check.begin("object")
      let first = try await check.store.copyPart(
        from: check.key("source é"), sourceMatch: etag, range: 500..<Int64(source.count - 500),
        to: check.key("object"), upload, number: 1)
      try check.expectEqual(first.size, Int64(source.count - 1_000), "the size of the part")
      let second = try await check.part("object", upload, 2, [9])
      try await check.complete("object", upload, [first, second])
      let expected = Array(source[500..<(source.count - 500)]) + [9]
      try check.expectBytes(try await check.read("object"), expected, "the object")
    },
    ConformanceCheck(
      "a copied part keeps to the version", where: { $0.copyParts && $0.copySourceMatch }
    ) { check in
      let old = try await check.put("source", [1, 2, 3])
      let upload = try await check.begin("object")
      for new in [[4, 5, 6], [7]] as [[UInt8]] {
        try await check.put("source", new)
        try await check.expectFailure(.preconditionFailed, of: "a part of the old version") {
          () async throws(ObjectStoreError) in
          try await check.store.copyPart(
            from: check.key("source"), sourceMatch: old, range: 0..<3, to: check.key("object"),
            upload, number: 1)
        }
      }
      try await check.expectFailure(.notFound, of: "a part of nothing") {
        () async throws(ObjectStoreError) in
        try await check.store.copyPart(
          from: check.key("missing"), sourceMatch: nil, range: 0..<3, to: check.key("object"),
          upload, number: 1)
      }
    },
    ConformanceCheck("only the parts that were sent are taken", where: \.checksParts) { check in
      let upload = try await check.begin("object")
      let sent = try await check.part("object", upload, 1, [1])
      var other = sent
      other.etag = ETag("00000000000000000000000000000000")
      var missing = sent
      missing.number = 2
      for wrong in [[other], [sent, missing], []] {
        try await check.expectFailure(.invalid, of: "completing with \(wrong)") {
          () async throws(ObjectStoreError) in
          try await check.complete("object", upload, wrong)
        }
      }
      try await check.complete("object", upload, [sent])
    },
    ConformanceCheck("parts join in the order of their numbers") { check in
      let upload = try await check.begin("object")
      let parts = [
        try await check.part("object", upload, 1, check.fullPart(seed: 1)),
        try await check.part("object", upload, 2, check.fullPart(seed: 2)),
      ]
      // Refusing to complete them backwards is as good as putting them in order.
      do throws(ObjectStoreError) {
        try await check.complete("object", upload, parts.reversed())
      } catch {
        guard error.kind == .invalid else { throw error }
        return
      }
      try check.expectBytes(
        try await check.read("object"), check.fullPart(seed: 1) + check.fullPart(seed: 2),
        "the object")
    },
    ConformanceCheck("only the last part may be small", where: \.checksParts) { check in
      let upload = try await check.begin("object")
      let parts = [
        try await check.part("object", upload, 1, [1]),
        try await check.part("object", upload, 2, [2]),
      ]
      try await check.expectFailure(.invalid, of: "completing with a small part") {
        () async throws(ObjectStoreError) in
        try await check.complete("object", upload, parts)
      }
    },
    ConformanceCheck("an upload that never was is not found") { check in
      let begun = try await check.begin("object")
      try await check.store.abortUpload(check.key("object"), begun)
      for upload in [begun, UploadID("../../etc"), UploadID("x")] {
        try await check.expectFailure(.notFound, .invalid, of: "a part for \(upload)") {
          () async throws(ObjectStoreError) in
          try await check.part("object", upload, 1, [1])
        }
      }
    },
  ]
}
