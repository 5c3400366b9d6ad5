import ObjectStorage

extension Conformance {
  /// The bytes of a part that may be followed by another.
  func fullPart(seed: UInt64) -> [UInt8] {
    Self.bytes(Int(store.limits.minimumPartSize), seed: seed)
  }

  func part(
    _ name: String, _ upload: UploadID, _ number: Int, _ bytes: [UInt8]
  ) async throws(ObjectStoreError) -> UploadedPart {
    try await store.uploadPart(key(name), upload, number: number, BytesSource(bytes))
  }

  @discardableResult
  func complete(
    _ name: String, _ upload: UploadID, _ parts: [UploadedPart], _ condition: WriteCondition = .none
  ) async throws(ObjectStoreError) -> ETag {
    try await store.completeUpload(key(name), upload, parts: parts, condition: condition)
  }

  func begin(
    _ name: String, _ headers: ObjectHeaders = ObjectHeaders()
  ) async throws(ObjectStoreError) -> UploadID {
    try await store.createUpload(key(name), headers: headers)
  }
}

extension ObjectStoreConformance {
  static let multipartChecks = [
    ConformanceCheck("parts in any order become one object") { check in
      let headers = ObjectHeaders(contentType: "video/mp4", metadata: ["mode": "33188"])
      let upload = try await check.begin("d/object é", headers)
      let bytes = [check.fullPart(seed: 1), check.fullPart(seed: 2), [1, 2, 3]]
      var parts: [UploadedPart] = []
      for index in [2, 0, 1] {
        let part = try await check.part("d/object é", upload, index * 3 + 1, bytes[index])
        try check.expectEqual(part.size, Int64(bytes[index].count), "the size of a part")
        parts.append(part)
      }
      parts.sort { $0.number < $1.number }
      let etag = try await check.complete("d/object é", upload, parts)
      let whole = Array(bytes.joined())
      try check.expectBytes(try await check.read("d/object é", ifMatch: etag), whole, "the object")
      try check.expectEqual(try await check.head("d/object é").headers, headers, "its headers")
    },
    ConformanceCheck("one small part is enough") { check in
      let upload = try await check.begin("object")
      let part = try await check.part("object", upload, 1, [7])
      try await check.complete("object", upload, [part])
      try check.expectBytes(try await check.read("object"), [7], "the object")
    },
    ConformanceCheck("an unfinished upload changes nothing") { check in
      try await check.put("object", [1])
      let upload = try await check.begin("object")
      _ = try await check.part("object", upload, 1, [2])
      try check.expectBytes(try await check.read("object"), [1], "the object")
      try check.expectEqual(try await check.names(), [check.key("object")], "the listing")
    },
    ConformanceCheck("unfinished uploads and their parts are listed") { check in
      let first = try await check.begin("a/object")
      let second = try await check.begin("b")
      let parts = [
        try await check.part("b", second, 1, check.fullPart(seed: 1)),
        try await check.part("b", second, 2, [1]),
      ]
      let uploads = try await check.store.listUploads(prefix: check.prefix)
      try check.expectEqual(uploads.map(\.upload), [first, second], "the uploads")
      try check.expectEqual(
        uploads.map(\.key), [check.key("a/object"), check.key("b")], "the keys")
      let beneath = try await check.store.listUploads(prefix: check.prefix + "a")
      try check.expectEqual(beneath.map(\.upload), [first], "the uploads beneath a prefix")
      let listed = try await check.store.listParts(check.key("b"), second)
      try check.expectEqual(listed, parts.map(\.withoutChecksum), "the parts")
      try await check.complete("b", second, listed)
      let left = try await check.store.listUploads(prefix: check.prefix)
      try check.expectEqual(left.map(\.upload), [first], "the uploads that are left")
    },
    ConformanceCheck("an aborted upload is gone") { check in
      let upload = try await check.begin("object")
      let part = try await check.part("object", upload, 1, [1])
      try await check.store.abortUpload(check.key("object"), upload)
      try await check.store.abortUpload(check.key("object"), upload)
      try await check.expectFailure(.notFound, of: "another part") {
        () async throws(ObjectStoreError) in
        try await check.part("object", upload, 2, [2])
      }
      try await check.expectFailure(.notFound, of: "the parts") {
        () async throws(ObjectStoreError) in
        try await check.store.listParts(check.key("object"), upload)
      }
      // Others fail too, but as if it were for now.
      let failure: ObjectStoreError.Kind =
        check.traits.forgetsAbortedUploads ? .notFound : .unavailable
      try await check.expectFailure(failure, of: "completing") {
        () async throws(ObjectStoreError) in
        try await check.complete("object", upload, [part])
      }
      let uploads = try await check.store.listUploads(prefix: check.prefix)
      try check.expectEqual(uploads, [], "the uploads")
      try check.expectEqual(try await check.names(), [], "the listing")
    },
    ConformanceCheck("completing again gives the same", where: \.repeatsComplete) { check in
      let upload = try await check.begin("object")
      let part = try await check.part("object", upload, 1, [7])
      let first = try await check.complete("object", upload, [part])
      let second = try await check.complete("object", upload, [part])
      try check.expectEqual(second, first, "the ETag")
    },
    ConformanceCheck("completing replaces only what is meant", where: \.conditionalComplete) {
      check in
      let etag = try await check.put("object", [1])
      let upload = try await check.begin("object")
      let part = try await check.part("object", upload, 1, [2])
      try await check.expectFailure(.preconditionFailed, of: "completing onto an object") {
        () async throws(ObjectStoreError) in
        try await check.complete("object", upload, [part], .absent)
      }
      try check.expectBytes(try await check.read("object", ifMatch: etag), [1], "the object")
      try await check.complete("object", upload, [part], .matches(etag))
      try check.expectBytes(try await check.read("object"), [2], "the object")
    },
  ]
}
