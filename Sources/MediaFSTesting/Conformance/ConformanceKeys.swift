import ObjectStorage

extension ObjectStoreConformance {
  static let keyChecks = [
    ConformanceCheck("any character may be in a key") { check in
      try await verify(
        check,
        [
          " ", "a b", " a ", "a+b", "a%b", "%41", "%2F", "%2E%2E", "%25", "100%", "%00x", "a#b",
          "a?b", "a&b", "a=b", "a~b", "(a)", "a'b", "a*b", "a\"b", "a\\b", "a<b>", "a|b", "a:b",
          "a;b", "a,b", "a@b", "a$b", "a!b", "[a]", "{a}", "a^b", "`a`", "..a", "a..", "...",
          ".hidden", "-", "~", "é", "日本語", "🙂", "a\u{7F}b", "x%3D", "x%2B", "con", "nul.txt",
        ])
    },
    ConformanceCheck("normal forms are kept apart") { check in
      try await verify(check, ["\u{E9}", "e\u{301}", "d/\u{E9}/x", "d/e\u{301}/x"])
    },
    ConformanceCheck("an object and what is beneath its name") { check in
      try await verify(check, ["x", "x/y", "x/y/z", "x-1", "x/"])
      for order in [["a", "a/b"], ["c/d", "c"]] {
        for name in order { try await check.put(name, Array(name.utf8)) }
        for name in order {
          try check.expectBytes(try await check.read(name), Array(name.utf8), name)
        }
        for name in order {
          try await check.put(name, [1], condition: .none)
          try check.expectBytes(try await check.read(name), [1], name)
        }
      }
      try await check.store.delete(check.key("a/b"))
      try check.expectBytes(try await check.read("a"), [1], "a")
      try await check.put("a", [2])
      try check.expectBytes(try await check.read("a"), [2], "a")
      try check.expectEqual(try await check.names("a"), [check.key("a")], "the names")
    },
    ConformanceCheck("keys need not look like paths", where: \.pathLikeKeys) { check in
      try await verify(
        check,
        [
          "a//b", "a///b", "/a", "//", "a/./b", "a/../b", "./a", "../a", "a/..", ".", "..", "a/",
          "a//",
        ]
      )
    },
    ConformanceCheck("long names and keys") { check in
      try await verify(
        check,
        [252, 253, 255, 256, 500, 900].map { String(repeating: "n", count: $0) }
          + [String(repeating: "n", count: 253) + "/a", String(repeating: "n", count: 300) + "/a"])
    },
    ConformanceCheck("the longest key") { check in
      let room = ObjectKey.maximumLength - check.prefix.utf8.count
      let longest = String(repeating: "k", count: room)
      let umlauts = String(repeating: "ü", count: room / 2)
      try await verify(check, [longest, umlauts, String(repeating: "/k", count: room / 2)])
      guard check.traits.refusesLongKeys else { return }
      try await check.expectFailure(.invalid, of: "a key of 1,025 bytes") {
        () async throws(ObjectStoreError) in
        try await check.put(longest + "k")
      }
    },
  ]

  /// Puts, lists, reads, copies and deletes objects of these names, all there at once.
  private static func verify(_ check: Conformance, _ names: [String]) async throws {
    for name in names { try await check.put(name, Array(name.utf8)) }
    try check.expectEqual(try await check.names(), names.map(check.key).sorted(), "the listing")
    for name in names {
      try check.expectBytes(try await check.read(name), Array(name.utf8), "object \(name)")
      try check.expectEqual(try await check.head(name).size, Int64(name.utf8.count), name)
    }
    for name in names {
      _ = try await check.store.copy(
        from: check.key(name), sourceMatch: nil, to: check.key("copy"), headers: nil,
        condition: .none)
      try check.expectBytes(try await check.read("copy"), Array(name.utf8), "the copy of \(name)")
    }
    try await check.store.delete(check.key("copy"))
    for name in names { try await check.store.delete(check.key(name)) }
    try check.expectEqual(try await check.names(), [], "the listing after all")
  }
}
