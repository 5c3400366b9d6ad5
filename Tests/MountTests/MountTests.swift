import MediaFSTesting
import Testing

/// What the program promises, shown with the real program, the real kernel and a real S3 server.
/// One after the other: they measure, and a machine with two cores has none to spare meanwhile.
@Suite(.serialized) enum MountTests {
  /// What the daemon may have resident at any moment, in bytes.
  static let memoryLimit = 100_000_000

  /// The tree that scenarios copy: the files and symbolic links that issue A asks for.
  static let treeSize = 2_000
  static let treeSeed = 20_261_121
  static let largeFileName = "zz last/large file.bin"
  static let largeFileSize = 1 << 30

  /// Makes a tree with a large file that is copied last; returns the path of its manifest.
  static func makeTree(at path: String) throws -> String {
    print("tree of seed \(treeSeed)")
    let script = TestEnvironment.support("tree.py")
    try succeed(["python3", script, "make", path, "\(treeSize)", "\(treeSeed)"])
    let large = "\(path)/\(largeFileName)"
    try succeed(["mkdir", "\(path)/zz last"])
    try makeRandomFile(at: large, size: largeFileSize)
    let manifest = path + ".json"
    try shell("python3 \"$1\" manifest \"$2\" > \"$3\"", script, path, manifest)
    return manifest
  }

  static func makeRandomFile(at path: String, size: Int) throws {
    try shell("head -c \"$1\" /dev/urandom > \"$2\"", "\(size)", path)
  }

  /// Kinds, names, bytes, modes and times, as the manifest has them.
  static func expectTree(at path: String, equals manifest: String) throws {
    let finished = try run(
      ["python3", TestEnvironment.support("tree.py"), "check", path, manifest],
      within: .seconds(300))
    #expect(finished.exit == .code(0), "\(finished)")
  }

  static func expectNoDifference(_ left: String, _ right: String) throws {
    let finished = try run(
      ["diff", "-r", "--no-dereference", left, right], within: .seconds(300))
    #expect(finished.exit == .code(0), "\(finished)")
  }

  static func expectModestMemory(_ mount: Mount) throws {
    let peak = try mount.peakMemory()
    #expect(peak < memoryLimit, "the daemon had \(peak) bytes resident")
  }

  @discardableResult
  static func shell(
    _ script: String, _ arguments: String..., within duration: Duration = .seconds(300)
  ) throws -> String {
    try succeed(["sh", "-ec", script, "-"] + arguments, within: duration)
  }

  /// The name of the error with which `cat` of a file fails, `nil` when it succeeds.
  static func errorOfReading(_ path: String, within duration: Duration) throws -> String? {
    let script = """
      import errno, sys
      try:
          open(sys.argv[1], "rb").read()
      except OSError as error:
          print(errno.errorcode[error.errno], end="")
      """
    let name = try succeed(["python3", "-c", script, path], within: duration)
    return name.isEmpty ? nil : name
  }
}
