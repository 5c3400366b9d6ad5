import Glibc

/// A directory that goes away, with all it holds, when nobody holds it any more.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    let template = Array("/tmp/mediafs-test-XXXXXX".utf8CString)
    var name = template
    let made = unsafe name.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      return unsafe mkdtemp(base) != nil
    }
    guard made else { throw HarnessError("mkdtemp: errno \(errno)") }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // --one-file-system: never into a mount that could not be undone.
    _ = try? run(["rm", "-rf", "--one-file-system", path], within: .seconds(120))
  }

  /// A new directory beneath this one.
  package func directory(_ name: String) throws -> String {
    let path = self.path + "/" + name
    guard unsafe mkdir(path, 0o755) == 0 else {
      throw HarnessError("mkdir \(path): errno \(errno)")
    }
    return path
  }
}
