import ObjectStorage

extension ObjectStoreConformance {
  static let copyChecks = [
    ConformanceCheck("a copy has the bytes and headers of its source") { check in
      let bytes = Conformance.bytes(100_000)
      let headers = ObjectHeaders(contentType: "image/png", metadata: ["mode": "33188"])
      let etag = try await check.put("source", bytes, headers: headers)
      let copy = try await check.store.copy(
        from: check.key("source"), sourceMatch: etag, to: check.key("d/target é+%"), headers: nil,
        condition: .none)
      try check.expectBytes(try await check.read("d/target é+%", ifMatch: copy), bytes, "the copy")
      try check.expectEqual(try await check.head("d/target é+%").headers, headers, "its headers")
      try check.expectBytes(try await check.read("source", ifMatch: etag), bytes, "the source")
    },
    ConformanceCheck("a copy takes the headers that it is given") { check in
      let old = ObjectHeaders(contentType: "image/png", metadata: ["mode": "33188"])
      let new = ObjectHeaders(contentType: "image/gif", metadata: ["uid": "5"])
      try await check.put("object", [1, 2, 3], headers: old)
      for target in ["target", "object"] {
        let etag = try await check.store.copy(
          from: check.key("object"), sourceMatch: nil, to: check.key(target), headers: new,
          condition: .none)
        try check.expectBytes(try await check.read(target, ifMatch: etag), [1, 2, 3], target)
        try check.expectEqual(try await check.head(target).headers, new, "headers of \(target)")
      }
    },
    ConformanceCheck("a copy of nothing is not found") { check in
      try await check.expectFailure(.notFound, of: "a copy") { () async throws(ObjectStoreError) in
        try await check.store.copy(
          from: check.key("missing"), sourceMatch: nil, to: check.key("target"), headers: nil,
          condition: .none)
      }
    },
    ConformanceCheck("a copy keeps to the version that is meant", where: \.copySourceMatch) {
      check in
      let old = try await check.put("source", [1])
      try await check.put("source", [2])
      try await check.expectFailure(.preconditionFailed, of: "a copy of the old version") {
        () async throws(ObjectStoreError) in
        try await check.store.copy(
          from: check.key("source"), sourceMatch: old, to: check.key("target"), headers: nil,
          condition: .none)
      }
      try check.expectEqual(try await check.names(), [check.key("source")], "the listing")
    },
    ConformanceCheck("a copy replaces only what is meant", where: \.conditionalCopy) { check in
      try await check.put("source", [1])
      try await check.put("target", [2])
      try await check.expectFailure(.preconditionFailed, of: "a copy onto an object") {
        () async throws(ObjectStoreError) in
        try await check.store.copy(
          from: check.key("source"), sourceMatch: nil, to: check.key("target"), headers: nil,
          condition: .absent)
      }
      try check.expectBytes(try await check.read("target"), [2], "the target")
    },
  ]
}
