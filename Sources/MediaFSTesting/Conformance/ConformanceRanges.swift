import ObjectStorage

extension ObjectStoreConformance {
  static let rangeChecks = [
    ConformanceCheck("any range can be read") { check in
      let bytes = Conformance.bytes(300_000)
      let etag = try await check.put("object", bytes)
      let ranges: [Range<Int64>] = [
        0..<1, 0..<100_000, 100_000..<200_001, 299_999..<300_000, 1..<300_000, 0..<300_000,
      ]
      for range in ranges {
        let download = try await check.store.get(check.key("object"), range: range, ifMatch: etag)
        try check.expectEqual(download.range, range, "the range")
        try check.expectEqual(download.info.size, 300_000, "the size of the whole")
        let expected = Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        try check.expectBytes(try await download.body.collect(), expected, "bytes \(range)")
      }
    },
    ConformanceCheck("a range that reaches behind the end is cut") { check in
      let bytes = Conformance.bytes(100_000)
      try await check.put("object", bytes)
      for range in [0..<100_001, 99_990..<1_000_000] as [Range<Int64>] {
        let download = try await check.store.get(check.key("object"), range: range, ifMatch: nil)
        try check.expectEqual(download.range, range.lowerBound..<100_000, "the range")
        let expected = Array(bytes[Int(range.lowerBound)...])
        try check.expectBytes(try await download.body.collect(), expected, "bytes \(range)")
      }
      try await check.put("empty", [])
      try await check.expectFailure(.invalid, of: "bytes of none") {
        () async throws(ObjectStoreError) in
        try await check.read("empty", 0..<5)
      }
    },
    ConformanceCheck("a range behind the end is invalid") { check in
      try await check.put("object", [1, 2, 3])
      try await check.expectFailure(.invalid, of: "bytes 3 to 5 of 3") {
        () async throws(ObjectStoreError) in
        try await check.read("object", 3..<5)
      }
    },
    ConformanceCheck("get keeps to the version that is meant") { check in
      let old = try await check.put("object", [1, 2, 3])
      let new = try await check.put("object", [4, 5, 6])
      try check.expectBytes(try await check.read("object", ifMatch: new), [4, 5, 6], "the body")
      try check.expectBytes(try await check.read("object", 1..<2, ifMatch: new), [5], "a range")
      // Also bytes that only the old version had.
      try await check.put("object", [7])
      for range in [nil, 0..<1, 0..<3, 1..<3] as [Range<Int64>?] {
        try await check.expectFailure(.preconditionFailed, of: "get of the old version") {
          () async throws(ObjectStoreError) in
          try await check.read("object", range, ifMatch: old)
        }
      }
      try await check.expectFailure(.notFound, of: "get of a missing version") {
        () async throws(ObjectStoreError) in
        try await check.read("missing", ifMatch: old)
      }
    },
  ]
}
