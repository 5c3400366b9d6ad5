import MediaFSTesting
import Testing

/// The servers, the judge and the proxy must be right before they can prove anything.
@Suite(.serialized) struct HarnessTests {
  @Test(arguments: S3Server.tested)
  func aServerKeepsWhatBotoPuts(_ kind: S3Server.Kind) throws {
    let bucket = try Bucket(on: try S3Server.running(kind).access)
    try bucket.put("a/grüße +%20.txt", "hello", type: "text/plain", metadata: ["mode": "33188"])
    #expect(try bucket.keys(prefix: "a/") == ["a/grüße +%20.txt"])
    #expect(try bucket.get("a/grüße +%20.txt") == "hello")
    let head = try bucket.head("a/grüße +%20.txt")
    #expect(head["size"]?.int == 5)
    #expect(head["type"]?.text == "text/plain")
    #expect(head["metadata"]?["mode"]?.text == "33188")
  }

  @Test func cephChecksSignatures() throws {
    let right = try S3Server.running(.ceph).access
    let wrong = S3Access(url: right.url, accessKey: right.accessKey, secretKey: "wrong")
    let error = #expect(throws: HarnessError.self) { _ = try Bucket(on: wrong) }
    #expect(error?.description.contains("SignatureDoesNotMatch") == true)
  }

  @Test func theProxyCountsFailsAndStops() throws {
    let access = try S3Server.running(.ceph).access
    let proxy = try S3Proxy(to: access)
    let bucket = try Bucket(on: proxy.access)
    try bucket.put("object", "0123456789")
    try proxy.clear()
    #expect(try bucket.get("object") == "0123456789")
    let requests = try proxy.requests()
    #expect(requests.map(\.method) == ["GET"])
    #expect(requests.map(\.status) == [200])
    #expect(requests.map(\.sent) == [10])

    try proxy.fail(status: 403, code: "AccessDenied")
    let refusal = #expect(throws: HarnessError.self) { try bucket.get("object") }
    #expect(refusal?.description.contains("AccessDenied") == true)
    try proxy.refuse("PUT", status: 403, code: "AccessDenied")
    #expect(try bucket.get("object") == "0123456789")
    #expect(throws: HarnessError.self) { try bucket.put("object", "") }
    try proxy.admit()

    try proxy.stop()
    #expect(throws: HarnessError.self) { try bucket.get("object") }
    try proxy.start()
    #expect(try bucket.get("object") == "0123456789")
  }

  @Test func childrenAreWaitedForAndKilled() throws {
    #expect(try run(["sh", "-c", "echo out; echo err >&2; exit 3"]).exit == .code(3))
    #expect(try succeed(["sh", "-c", "echo out; echo err >&2"]) == "out\n")
    #expect(throws: HarnessError.self) { try succeed(["false"]) }
    #expect(throws: DeadlinePassed.self) { try run(["sleep", "60"], within: .milliseconds(50)) }
    let child = try ChildProcess(["sh", "-c", "kill -TERM $$"])
    #expect(try child.wait(within: .seconds(10)) == .signal(15))
  }

  @Test func aTreeIsComparedByEverythingThatCounts() throws {
    let directory = try TemporaryDirectory()
    let tree = directory.path + "/tree"
    let script = TestEnvironment.support("tree.py")
    try succeed(["python3", script, "make", tree, "100", "7"])
    let manifest = directory.path + "/manifest"
    try succeed([
      "sh", "-c", "python3 \"$1\" manifest \"$2\" > \"$3\"", "-", script, tree, manifest,
    ])
    let check = ["python3", script, "check", tree, manifest]
    #expect(try run(check).exit == .code(0))

    let changes = [
      "chmod 611 \"$f\"", "touch \"$f\"", "printf x >> \"$f\"", "mv \"$f\" \"$f.x\"", "rm \"$f\"",
    ]
    for change in changes {
      try succeed(["sh", "-c", "f=$(find \"$1\" -type f | tail -n 1); \(change)", "-", tree])
      #expect(try run(check).exit == .code(1), "not seen: \(change)")
      try succeed(["rm", "-rf", tree])
      try succeed(["python3", script, "make", tree, "100", "7"])
    }
    #expect(try run(check).exit == .code(0))
  }

  @Test func theJudgeSeesEveryDifference() throws {
    let bucket = try Bucket(on: try S3Server.running(.ceph).access)
    let directory = try TemporaryDirectory()
    let manifest = directory.path + "/manifest"
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    let entry = """
      [{"path": "a.txt", "kind": "file", "mode": 33188, "size": 5, "type": "text/plain",
      "mtime": 1500000000000000001, "sha256": "\(digest)"}]
      """
    try succeed(["sh", "-c", "printf %s \"$1\" > \"$2\"", "-", entry, manifest])
    func problems(
      _ key: String, _ text: String, _ type: String, _ mode: String,
      _ time: String = "1500000000.000000001"
    ) throws -> [String] {
      try bucket.put(key, text, type: type, metadata: ["mode": mode, "mtime": time])
      defer { try? bucket.delete(key) }
      return try bucket.differences(from: manifest, prefix: "p/")
    }
    #expect(try problems("p/a.txt", "hello", "text/plain", "33188") == [])
    #expect(try problems("p/a.txt", "hellO", "text/plain", "33188") == ["p/a.txt: other bytes"])
    #expect(try problems("p/a.txt", "hell", "text/plain", "33188").count == 1)
    #expect(try problems("p/a.txt", "hello", "text/html", "33188").count == 1)
    #expect(try problems("p/a.txt", "hello", "text/plain", "33152").count == 1)
    #expect(try problems("p/a.txt", "hello", "text/plain", "33188", "1500000000").count == 1)
    #expect(
      try problems("p/b.txt", "hello", "text/plain", "33188")
        == ["missing: p/a.txt", "unexpected: p/b.txt"])
  }

  @Test func theLedgerTellsWhatIsMissing() throws {
    let directory = try TemporaryDirectory()
    let (source, target) = (directory.path + "/source", try directory.directory("target"))
    let tree = ["python3", TestEnvironment.support("tree.py"), "make", source, "50", "3"]
    try succeed(tree)
    let script = ["python3", TestEnvironment.support("acknowledged.py")]
    let paths = [source, target, directory.path + "/ledger"]
    #expect(try succeed(script + ["copy"] + paths) == "complete\n")
    #expect(try run(script + ["check"] + paths).exit == .code(0))

    let largest =
      "f=$(find \"$1\" -type f -printf '%s %p\\n' | sort -n | tail -n 1 | cut -d' ' -f2-)"
    let losses = [
      "truncate -s -1 \"$f\"", "printf xyz | dd of=\"$f\" conv=notrunc status=none",
      "chmod 611 \"$f\"", "rm \"$f\"",
    ]
    for loss in losses {
      try succeed(["cp", "-a", target, target + ".kept"])
      try succeed(["sh", "-ec", "\(largest); \(loss)", "-", target])
      #expect(try run(script + ["check"] + paths).exit == .code(1), "not seen: \(loss)")
      try succeed(["sh", "-ec", "rm -r \"$1\"; mv \"$1.kept\" \"$1\"", "-", target])
    }
    #expect(try run(script + ["check"] + paths).exit == .code(0))
  }
}
