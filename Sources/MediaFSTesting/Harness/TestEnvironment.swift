import Glibc

/// Where things are on the machine that runs the tests.
package enum TestEnvironment {
  /// The directory of `Package.swift`.
  package static let root: String = {
    // Sources/MediaFSTesting/Harness/ lies three directories beneath it.
    let parts = #filePath.split(separator: "/").dropLast(4)
    return "/" + parts.joined(separator: "/")
  }()

  /// The program as it was built with the tests, or `MEDIAFS_PROGRAM`.
  package static let program = inherited["MEDIAFS_PROGRAM"] ?? built("mediafs")

  /// A program that was built with the tests, and lies beside theirs.
  package static func built(_ name: String) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    let bytes = buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: "/").dropLast()
    return "/" + parts.joined(separator: "/") + "/" + name
  }

  /// Where `make deps` puts Python tools.
  package static let cache = inherited["MEDIAFS_TEST_CACHE"] ?? root + "/.build/test-cache"

  /// A Python with boto3.
  package static let python = cache + "/venv/bin/python"

  package static func server(_ name: String) -> String { root + "/Tests/Servers/" + name }
  package static func support(_ name: String) -> String { root + "/Tests/Support/" + name }

  /// What a developer's shell or a build machine sets and the program would obey.
  private static let withheld = [
    "AWS_", "S3_", "MEDIAFS_", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_", "http_proxy",
    "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "NOTIFY_SOCKET",
  ]

  package static let inherited: [String: String] = {
    var variables: [String: String] = [:]
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      let parts = unsafe String(cString: entry).split(separator: "=", maxSplits: 1)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      unsafe next += 1
    }
    return variables
  }()

  /// The environment of a child: ours without what is withheld, and `added`.
  static func variables(adding added: [String: String]) -> [String: String] {
    var variables = inherited.filter { name, _ in
      !withheld.contains { name.utf8.starts(with: $0.utf8) }
    }
    variables["MEDIAFS_TEST_CACHE"] = cache
    variables["LC_ALL"] = "C.UTF-8"
    return variables.merging(added) { $1 }
  }
}
