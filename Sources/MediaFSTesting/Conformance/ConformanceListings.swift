import ObjectStorage

extension ObjectStoreConformance {
  static let listingChecks = [
    ConformanceCheck("a listing is in byte order and has no others") { check in
      let names = [
        "a", "a-b", "a.b", "a/b", "aa", "B", "b~", "z/", "z/y", "\u{E9}", "e\u{301}", "日",
      ]
      for name in names.reversed() { try await check.put(name, [1, 2]) }
      let expected = names.map(check.key).sorted()
      try check.expectEqual(try await check.names(), expected, "all names")
      let within = try await check.names("a")
      try check.expectEqual(within, expected.filter { $0.hasPrefix(check.prefix + "a") }, "names")
      try check.expectEqual(try await check.names("nothing"), [], "no names")
      try check.expectEqual(try await check.names("\u{E9}"), [check.key("\u{E9}")], "one name")
    },
    ConformanceCheck("a listing tells what head tells") { check in
      let etag = try await check.put("object", [1, 2, 3])
      let listed = try await check.list().objects
      let head = try await check.head("object")
      try check.expectEqual(listed.map(\.size), [3], "the size")
      try check.expectEqual(listed.map(\.etag), [etag], "the ETag")
      // A listing may tell fractions of a second, HTTP headers cannot.
      let difference = listed.first?.lastModified.duration(since: head.lastModified) ?? .seconds(9)
      try check.expect(difference < .seconds(1) && difference > .seconds(-1), "the times differ")
    },
    ConformanceCheck("directories fold into prefixes") { check in
      for name in ["d/", "d/a", "d/b/", "d/b/c", "d/b/d/e", "d/f/g", "d/h", "e", "d-x/y"] {
        try await check.put(name)
      }
      let inner = try await check.list("d/", folded: true)
      let expected = ["d/", "d/a", "d/h"].map(check.key)
      try check.expectEqual(inner.objects.map(\.key), expected, "the objects")
      try check.expectEqual(inner.prefixes, ["d/b/", "d/f/"].map(check.key), "the prefixes")
      let outer = try await check.list(folded: true)
      try check.expectEqual(outer.objects.map(\.key), [check.key("e")], "the objects above")
      try check.expectEqual(outer.prefixes, ["d-x/", "d/"].map(check.key), "the prefixes above")
      let partial = try await check.list("d", folded: true)
      try check.expectEqual(partial.prefixes, ["d-x/", "d/"].map(check.key), "beneath a part")
    },
    ConformanceCheck("a listing comes in pages") { check in
      let directories = (0..<40).map { "d\($0)/x" } + (0..<40).map { "d\($0)/y" }
      let names = directories + (0..<930).map { "f\($0)" }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for start in 0..<8 {
          group.addTask {
            for index in stride(from: start, to: names.count, by: 8) {
              try await check.put(names[index], [])
            }
          }
        }
        try await group.waitForAll()
      }
      let keys = names.map(check.key).sorted()
      let folded = Set((0..<40).map { check.key("d\($0)/") }).sorted()
      for (pageSize, pages) in [(1_000, 2), (101, 10)] {
        let all = try await check.list(pageSize: pageSize)
        try check.expect(all.objects.map(\.key) == keys, "pages of \(pageSize) are not all keys")
        try check.expectEqual(all.pages, pages, "the number of pages of \(pageSize)")
      }
      for pageSize in [7, 1_000] {
        let top = try await check.list(folded: true, pageSize: pageSize)
        try check.expectEqual(top.prefixes, folded, "the prefixes in pages of \(pageSize)")
        try check.expectEqual(top.objects.count, 930, "the objects in pages of \(pageSize)")
      }
    },
    ConformanceCheck("pages of one are a listing") { check in
      let names = ["a", "a/", "a/b", "a-", "b/c", "b/d", "e"]
      for name in names { try await check.put(name) }
      let all = try await check.list(pageSize: 1)
      try check.expectEqual(all.objects.map(\.key), names.map(check.key).sorted(), "the objects")
      let top = try await check.list(folded: true, pageSize: 1)
      try check.expectEqual(top.objects.map(\.key), ["a", "a-", "e"].map(check.key), "the objects")
      try check.expectEqual(top.prefixes, ["a/", "b/"].map(check.key), "the prefixes")
    },
    ConformanceCheck("an emptied directory is not listed") { check in
      try await check.put("d/e/f")
      try await check.store.delete(check.key("d/e/f"))
      let listed = try await check.list(folded: true)
      try check.expectEqual(listed.prefixes, [], "the prefixes")
    },
  ]
}
