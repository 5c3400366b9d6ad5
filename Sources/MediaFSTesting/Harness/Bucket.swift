/// A bucket of a test's own, seen through boto3; emptied and deleted with its owner.
package final class Bucket: Sendable {
  package let name: String
  package let access: S3Access
  private let judge: Dialogue

  /// Listing and hashing gigabytes takes its time on two cores.
  private static let patience: Duration = .seconds(300)

  package init(on access: S3Access) throws {
    let suffix = (0..<12).map { _ in String("abcdefghijklmnopqrstuvwxyz".randomElement() ?? "x") }
    name = "test-" + suffix.joined()
    self.access = access
    judge = try Dialogue(
      [TestEnvironment.python, TestEnvironment.support("s3judge.py")],
      environment: access.credentials.merging(["S3_ENDPOINT": access.url]) { $1 })
    try ask("create_bucket")
  }

  deinit {
    _ = try? ask("delete_bucket")
  }

  /// All keys in byte order, but for those of a probe, which comes and goes when a mount begins.
  package func keys(prefix: String = "") throws -> [String] {
    try ask("keys", ["prefix": .text(prefix)]).texts.filter {
      !$0.contains(".mediafs/probe-")
    }
  }

  package func put(
    _ key: String, _ text: String, type: String? = nil, metadata: [String: String] = [:]
  ) throws {
    var arguments: [String: JSON] = ["key": .text(key), "text": .text(text)]
    if let type { arguments["type"] = .text(type) }
    arguments["metadata"] = .object(metadata.mapValues { .text($0) })
    try ask("put", arguments)
  }

  /// Puts a local file, in parts when it is large.
  package func upload(_ key: String, file: String) throws {
    try ask("upload", ["key": .text(key), "file": .text(file)])
  }

  package func get(_ key: String) throws -> String {
    try ask("get", ["key": .text(key)]).text ?? ""
  }

  /// `size`, `type`, `etag`, `metadata`, and `modified` in seconds since 1970.
  package func head(_ key: String) throws -> JSON {
    try ask("head", ["key": .text(key)])
  }

  package func delete(_ key: String) throws {
    try ask("delete", ["key": .text(key)])
  }

  /// In hexadecimal digits.
  package func sha256(_ key: String) throws -> String {
    try ask("sha256", ["key": .text(key)]).text ?? ""
  }

  /// Keys of the objects beneath `prefix` that hold a zero byte.
  package func keysWithZeros(prefix: String) throws -> [String] {
    try ask("zeros", ["prefix": .text(prefix)]).texts
  }

  /// Keys of multipart uploads that were begun and not ended.
  package func unfinishedUploads() throws -> [String] {
    try ask("uploads").texts
  }

  /// What differs between the objects beneath `prefix` and the tree of a manifest of `tree.py`.
  package func differences(from manifest: String, prefix: String) throws -> [String] {
    try ask("compare", ["prefix": .text(prefix), "manifest": .text(manifest)]).texts
  }

  @discardableResult
  private func ask(_ operation: String, _ arguments: [String: JSON] = [:]) throws -> JSON {
    var request = arguments
    request["do"] = .text(operation)
    request["bucket"] = .text(name)
    let answer = try judge.ask(try JSON.object(request).serialized(), within: Self.patience)
    let parsed = try JSON(parsing: answer)
    if let error = parsed["error"]?.text {
      throw HarnessError("\(operation) \(arguments): \(error)")
    }
    return parsed["ok"] ?? .null
  }
}
