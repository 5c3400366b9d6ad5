import Glibc
import SystemPackage

/// Questions about names that SystemPackage does not answer.
enum FileNames {
  /// The current directory, or the root when it is gone.
  static func currentDirectory() -> FilePath {
    guard let path = unsafe getcwd(nil, 0) else { return "/" }
    defer { unsafe free(path) }
    return unsafe FilePath(platformString: path)
  }

  /// This host's name, gethostname(2).
  static func host() -> String {
    var name = [CChar](repeating: 0, count: 256)
    // One byte less, so that a name that is cut off has an end.
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.isEmpty ? "unknown" : text
  }

  /// Absolute, without symbolic links.
  static func resolved(_ path: FilePath) -> FilePath? {
    guard let text = unsafe path.withPlatformString({ unsafe realpath($0, nil) }) else {
      return nil
    }
    defer { unsafe free(text) }
    return unsafe FilePath(platformString: text)
  }
}
