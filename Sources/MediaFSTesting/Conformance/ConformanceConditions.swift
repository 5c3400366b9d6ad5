import ObjectStorage

extension ObjectStoreConformance {
  static let conditionChecks = [
    ConformanceCheck("create only where nothing is", where: \.conditionalCreate) { check in
      let etag = try await check.put("object", [1], condition: .absent)
      try await check.expectFailure(.preconditionFailed, of: "a second creation") {
        () async throws(ObjectStoreError) in
        try await check.put("object", [2], condition: .absent)
      }
      try check.expectBytes(try await check.read("object", ifMatch: etag), [1], "the body")
      try await check.store.delete(check.key("object"))
      try await check.put("object", [3], condition: .absent)
    },
    ConformanceCheck("replace only what is meant", where: \.conditionalReplace) { check in
      let first = try await check.put("object", [1])
      let second = try await check.put("object", [2], condition: .matches(first))
      try await check.expectFailure(.preconditionFailed, of: "replacing an old version") {
        () async throws(ObjectStoreError) in
        try await check.put("object", [3], condition: .matches(first))
      }
      try check.expectBytes(try await check.read("object", ifMatch: second), [2], "the body")
      try await check.expectFailure(.notFound, .preconditionFailed, of: "replacing nothing") {
        () async throws(ObjectStoreError) in
        try await check.put("missing", [4], condition: .matches(first))
      }
      try check.expectEqual(try await check.names().count, 1, "the number of objects")
    },
    ConformanceCheck("delete only what is meant", where: \.conditionalDelete) { check in
      let first = try await check.put("object", [1])
      let second = try await check.put("object", [2])
      let key = check.key("object")
      try await check.expectFailure(.preconditionFailed, of: "deleting an old version") {
        () async throws(ObjectStoreError) in
        try await check.store.delete(key, ifMatch: first)
      }
      try check.expectBytes(try await check.read("object", ifMatch: second), [2], "the body")
      try await check.store.delete(key, ifMatch: second)
      try check.expectEqual(try await check.names().count, 0, "the number of objects")
      guard check.traits.missesWhatIsMeant else { return }
      try await check.expectFailure(.notFound, of: "deleting nothing") {
        () async throws(ObjectStoreError) in
        try await check.store.delete(key, ifMatch: second)
      }
    },
    ConformanceCheck(
      "one creation of many wins", where: { $0.conditionalCreate && $0.decidesRaces }
    ) { check in
      for round in 0..<5 {
        let winners = try await race(check, "object-\(round)", .absent)
        try check.expectEqual(winners, 1, "the number of winners")
      }
    },
    ConformanceCheck(
      "one replacement of many wins", where: { $0.conditionalReplace && $0.decidesRaces }
    ) { check in
      for round in 0..<5 {
        let etag = try await check.put("object-\(round)")
        let winners = try await race(check, "object-\(round)", .matches(etag))
        try check.expectEqual(winners, 1, "the number of winners")
      }
    },
  ]

  /// Eight conditional writes at once; returns how many succeeded.
  private static func race(
    _ check: Conformance, _ name: String, _ condition: WriteCondition
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<8 {
        group.addTask {
          do throws(ObjectStoreError) {
            let bytes = Conformance.bytes(1_000, seed: UInt64(index))
            try await check.put(name, bytes, condition: condition)
            return true
          } catch {
            if error.kind == .preconditionFailed { return false }
            throw error
          }
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
  }
}
