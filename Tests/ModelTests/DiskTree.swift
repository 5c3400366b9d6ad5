import Glibc

/// A state directory is 256 directories wide, and thousands of them are removed: by glob(3), which
/// needs a hundredth of the time that paths take in a debug build.
enum DiskTree {
  /// Removes a directory with up to four levels of names beneath it.
  static func remove(_ path: String) {
    for level in ["/*/*/*/*", "/*/*/*", "/*/*", "/*", ""] {
      for found in matches(of: path + level) { _ = unsafe Glibc.remove(found) }
    }
  }

  /// The names of the files in a directory and in its directories.
  static func files(beneath path: String) -> [String] {
    (matches(of: path + "/*") + matches(of: path + "/*/*")).filter { found in
      var status = stat()
      return unsafe lstat(found, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }.map { found in found.split(separator: "/").last.map { String($0) } ?? found }
  }

  private static func matches(of pattern: String) -> [String] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    guard unsafe glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [] }
    return unsafe (0..<Int(found.gl_pathc)).compactMap { index in
      unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
    }
  }
}
