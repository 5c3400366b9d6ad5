/// Names and texts as a program expects them to be, in the simplest way. Paths are ASCII.
struct NaiveTree: Equatable {
  /// By path.
  var files: [String: String] = [:]
  /// The root is "" and not among them.
  var directories: Set<String> = []

  var all: [String] { (Array(files.keys) + directories).sorted() }

  func exists(_ path: String) -> Bool {
    files[path] != nil || isDirectory(path)
  }

  func isDirectory(_ path: String) -> Bool {
    path.isEmpty || directories.contains(path)
  }

  func names(in directory: String) -> [String] {
    let prefix = directory.isEmpty ? "" : directory + "/"
    return all.filter { $0.hasPrefix(prefix) && $0 != directory }
      .map { $0.dropFirst(prefix.count) }.filter { !$0.contains("/") }.map(String.init)
  }

  /// A file with all directories above it.
  mutating func insert(_ path: String, _ text: String) {
    files[path] = text
    makeParents(of: path)
  }

  mutating func makeParents(of path: String) {
    var parts = path.split(separator: "/").dropLast()
    while !parts.isEmpty {
      directories.insert(parts.joined(separator: "/"))
      parts.removeLast()
    }
  }

  /// False when a rule of rename(2) forbids it.
  mutating func rename(_ path: String, to newPath: String) -> Bool {
    guard exists(path) else { return false }
    if path == newPath { return true }
    guard !newPath.hasPrefix(path + "/") else { return false }
    if exists(newPath) {
      guard isDirectory(path) == isDirectory(newPath) else { return false }
      if isDirectory(newPath), !names(in: newPath).isEmpty { return false }
      files[newPath] = nil
      directories.remove(newPath)
    }
    move(path, to: newPath)
    return true
  }

  mutating func exchange(_ path: String, _ other: String) -> Bool {
    guard exists(path), exists(other) else { return false }
    if path == other { return true }
    guard !path.hasPrefix(other + "/"), !other.hasPrefix(path + "/") else { return false }
    move(path, to: "moving")
    move(other, to: path)
    move("moving", to: other)
    return true
  }

  private mutating func move(_ path: String, to newPath: String) {
    for old in all where old == path || old.hasPrefix(path + "/") {
      let new = newPath + old.dropFirst(path.count)
      if let text = files.removeValue(forKey: old) { files[new] = text }
      if directories.remove(old) != nil { directories.insert(new) }
    }
  }
}
