import ObjectStorage

extension ObjectStoreConformance {
  static let objectChecks = [
    ConformanceCheck("what was put is what is got") { check in
      for count in [0, 1, 65_537, (3 << 20) + 1] {
        let bytes = Conformance.bytes(count)
        let etag = try await check.put("object", bytes)
        let download = try await check.store.get(check.key("object"), range: nil, ifMatch: nil)
        try check.expectEqual(download.info.size, Int64(count), "the size")
        try check.expectEqual(download.info.etag, etag, "the ETag")
        try check.expectEqual(download.range, 0..<Int64(count), "the range")
        try check.expectBytes(try await download.body.collect(), bytes, "the body")
      }
    },
    ConformanceCheck("head tells what get tells") { check in
      let etag = try await check.put("object", [1, 2, 3])
      let head = try await check.head("object")
      var got = try await check.store.get(check.key("object"), range: 1..<2, ifMatch: nil).info
      // That of all bytes says nothing of a range.
      got.checksum = head.checksum
      try check.expectEqual(head, got, "the answer of HEAD")
      try check.expectEqual(head.etag, etag, "the ETag")
      try check.expectEqual(head.size, 3, "the size")
      try check.expect(head.lastModified > .epoch, "an object was last modified in 1970")
    },
    ConformanceCheck("headers and metadata come back") { check in
      var headers = ObjectHeaders(
        contentType: "image/jpeg", contentEncoding: "gzip", cacheControl: "max-age=60, private")
      headers.metadata = [
        "mode": "33188", "mtime": "1600000000.123456789", "empty-ish": "-",
        "long-name-with-dashes": "a b  c;d=e,f%20\"g\"",
      ]
      try await check.put("object", [1], headers: headers)
      try check.expectEqual(try await check.head("object").headers, headers, "the headers")
    },
    ConformanceCheck("metadata may be any text", where: \.unicodeMetadata) { check in
      let metadata = ["name": "Grüße ☂ 日本", "forms": "\u{E9} e\u{301}"]
      try await check.put("object", headers: ObjectHeaders(metadata: metadata))
      let read = try await check.head("object").headers.metadata
      for (name, value) in metadata {
        let isSame = read[name].map { $0.utf8.elementsEqual(value.utf8) } ?? false
        try check.expect(isSame, "metadata \(name) is \(read[name] ?? "missing"), not \(value)")
      }
    },
    ConformanceCheck("large metadata is refused", where: \.refusesLargeMetadata) { check in
      let metadata = ["large": String(repeating: "x", count: 4_096)]
      try await check.expectFailure(.invalid, of: "a put with 4 KiB of metadata") {
        () async throws(ObjectStoreError) in
        try await check.put("object", headers: ObjectHeaders(metadata: metadata))
      }
    },
    ConformanceCheck("a new version replaces all of the old") { check in
      let old = ObjectHeaders(contentType: "text/plain", metadata: ["mode": "33188"])
      let first = try await check.put("object", Conformance.bytes(1_000), headers: old)
      let second = try await check.put("object", [9])
      try check.expect(first != second, "two versions have one ETag")
      try check.expectBytes(try await check.read("object"), [9], "the body")
      let metadata = try await check.head("object").headers.metadata
      try check.expectEqual(metadata, [:], "the metadata")
    },
    ConformanceCheck("what is missing is not found") { check in
      try await check.expectFailure(.notFound, of: "get") { () async throws(ObjectStoreError) in
        try await check.read("missing")
      }
      try await check.expectFailure(.notFound, of: "head") { () async throws(ObjectStoreError) in
        try await check.head("missing")
      }
      try await check.put("directory/object")
      try await check.expectFailure(.notFound, of: "head of a directory") {
        () async throws(ObjectStoreError) in
        try await check.head("directory")
      }
      try await check.expectFailure(.notFound, of: "head beneath an object") {
        () async throws(ObjectStoreError) in
        try await check.head("directory/object/x")
      }
    },
    ConformanceCheck("what is deleted is gone") { check in
      try await check.put("object")
      try await check.store.delete(check.key("object"))
      try await check.expectFailure(.notFound, of: "head") { () async throws(ObjectStoreError) in
        try await check.head("object")
      }
      try check.expectEqual(try await check.names(), [], "the listing")
    },
    ConformanceCheck("deleting what is missing succeeds") { check in
      try await check.store.delete(check.key("missing"))
      try await check.store.delete(check.key("missing/beneath"))
      let failures = try await check.store.delete([check.key("missing"), check.key("too")])
      try check.expect(failures.isEmpty, "a batch delete failed: \(failures)")
    },
    ConformanceCheck("a batch deletes what it names") { check in
      let names = ["a", "b c", "d/e", "f/", "g&<h>\"'", "\u{E9}", "e\u{301}", "kept"]
      for name in names { try await check.put(name) }
      let failures = try await check.store.delete(names.dropLast().map(check.key))
      try check.expect(failures.isEmpty, "a batch delete failed: \(failures)")
      try check.expectEqual(try await check.names(), [check.key("kept")], "the listing")
    },
    ConformanceCheck(
      "a reader sees one version", where: { $0.replacesAtomically && $0.namesChecksums }
    ) { check in
      let versions = (0..<4).map { [UInt8](repeating: $0, count: 200_000 + Int($0)) }
      try await check.put("object", versions[0])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for version in versions {
          group.addTask { for _ in 0..<8 { try await check.put("object", version) } }
        }
        for _ in 0..<3 {
          group.addTask {
            for _ in 0..<20 {
              let download = try await check.store.get(
                check.key("object"), range: nil, ifMatch: nil)
              let bytes = try await download.body.collect()
              let isWhole = versions.contains(bytes)
              try check.expect(isWhole, "a reader got parts of two versions")
              try check.expectEqual(download.info.size, Int64(bytes.count), "the size")
            }
          }
        }
        try await group.waitForAll()
      }
    },
    ConformanceCheck("a cancelled body gives no more bytes") { check in
      try await check.put("object", Conformance.bytes(4 << 20))
      let body = try await check.store.get(check.key("object"), range: nil, ifMatch: nil).body
      let first = try await body.next()
      try check.expect(first?.isEmpty == false, "the first chunk is empty or missing")
      body.cancel()
      try await check.expectFailure(.cancelled, of: "next") { () async throws(ObjectStoreError) in
        try await body.next()
      }
    },
  ]
}
