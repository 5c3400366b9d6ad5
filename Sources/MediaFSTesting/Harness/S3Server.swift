import Synchronization

/// How to reach an S3 server, and as whom.
package struct S3Access: Sendable, Hashable {
  /// Such as `http://127.0.0.1:9000`.
  package var url: String
  package var accessKey: String
  package var secretKey: String
  package var region: String
  /// Of temporary credentials.
  package var sessionToken: String?

  package init(url: String, accessKey: String, secretKey: String, region: String = "us-east-1") {
    self.url = url
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.region = region
  }

  /// What a client reads its credentials from.
  package var credentials: [String: String] {
    var variables = [
      "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_REGION": region,
    ]
    variables["AWS_SESSION_TOKEN"] = sessionToken
    return variables
  }

  /// `127.0.0.1:9000`.
  package var address: String {
    String(url.split(separator: "/").last ?? "")
  }
}

/// A real S3 server, started when a test first asks for it and stopped with the test process.
///
/// Starters are in `Tests/Servers`. One that cannot start fails every test that needs it.
package final class S3Server: Sendable {
  package enum Kind: String, Sendable, CaseIterable, CustomStringConvertible {
    case ceph, ministack, swift, ceph20

    package var description: String { rawValue }
  }

  package let access: S3Access
  private let process: Dialogue

  /// The one server of that kind in this process.
  package static func running(_ kind: Kind) throws -> S3Server {
    switch kind {
    case .ceph: try ceph.get()
    case .ministack: try ministack.get()
    case .swift: try swift.get()
    case .ceph20: try ceph20.get()
    }
  }

  /// Those that `make test` starts, and what `MEDIAFS_TEST_SERVERS` adds (`make conformance`).
  package static let tested: [Kind] = {
    let added = TestEnvironment.inherited["MEDIAFS_TEST_SERVERS"] ?? ""
    return [.ceph, .ministack]
      + added.split(separator: ",").map { name in
        guard let kind = Kind(rawValue: String(name)) else {
          preconditionFailure("MEDIAFS_TEST_SERVERS names \(name)")
        }
        return kind
      }
  }()

  private static let ceph = Result { try S3Server(.ceph) }
  private static let ministack = Result { try S3Server(.ministack) }
  private static let swift = Result { try S3Server(.swift) }
  private static let ceph20 = Result { try S3Server(.ceph20) }

  /// A server of its own, for a test that wants to change it.
  package init(_ kind: Kind) throws {
    process = try Dialogue([TestEnvironment.server("serve.sh"), kind.rawValue])
    var values: [String: String] = [:]
    while true {
      let line = try process.line(within: .seconds(180))
      if line == "READY" { break }
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
    }
    guard let url = values["S3_ENDPOINT"], let accessKey = values["AWS_ACCESS_KEY_ID"],
      let secretKey = values["AWS_SECRET_ACCESS_KEY"], let region = values["AWS_REGION"]
    else { throw HarnessError("\(kind) said: \(values)") }
    access = S3Access(url: url, accessKey: accessKey, secretKey: secretKey, region: region)
  }
}
