import FoundationEssentials
import MediaFSTesting

@testable import mediafs

/// The tests of the project, as they stand in their files.
enum TestSources {
  /// - Parameter directory: beneath `Tests`.
  static func all(in directory: String = "") throws -> [String] {
    let root = TestEnvironment.root + "/Tests/" + directory
    let names = try FileManager.default.subpathsOfDirectory(atPath: root)
    return try names.sorted().filter { $0.hasSuffix(".swift") }.map { name in
      try TextFile.read(root + "/" + name, limit: 1 << 20).text
    }
  }
}
