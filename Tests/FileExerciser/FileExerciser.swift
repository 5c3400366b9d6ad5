import Glibc
import MediaFSTesting

/// `fileexerciser [--seed N] [--operations N] [--size BYTES] [--mmap] [--keep] FILE EXPECTED`
///
/// Does random things to a file and to a buffer in memory, in the manner of Apple's and SGI's fsx,
/// and compares. What follows from the seed is the whole sequence. At the end the file is left as
/// it is, and EXPECTED gets what the buffer holds. With `--keep` the file is there already, and the
/// buffer begins with what EXPECTED holds. At the first difference the seed and the last
/// operations are printed, and the exit code is 1.
@main
enum FileExerciser {
  static func main() {
    var arguments = Arguments()
    do {
      try arguments.parse(CommandLine.arguments.dropFirst())
      let exerciser = try Exerciser(arguments)
      try exerciser.run()
      print("seed \(arguments.seed): \(arguments.operations) operations, \(exerciser.size) bytes")
    } catch {
      print("seed \(arguments.seed): \(error)")
      exit(1)
    }
  }
}

/// What the command line says.
struct Arguments {
  var seed: UInt64 = 1
  var operations = 100_000
  /// The largest that the file may become, in bytes.
  var sizeLimit = 256 << 10
  /// Whether to read and write by mappings as well.
  var maps = false
  /// Whether the file begins with what it holds, which is what `expected` holds.
  var keeps = false
  var file = ""
  var expected = ""

  mutating func parse(_ words: some Sequence<String>) throws {
    var words = Array(words)
    guard words.count >= 2 else { throw Mismatch("usage: fileexerciser [OPTION…] FILE EXPECTED") }
    expected = words.removeLast()
    file = words.removeLast()
    var rest = words.makeIterator()
    while let word = rest.next() {
      switch word {
      case "--mmap": maps = true
      case "--keep": keeps = true
      case "--seed": seed = UInt64(try number(rest.next()))
      case "--operations": operations = try number(rest.next())
      case "--size": sizeLimit = try number(rest.next())
      default: throw Mismatch("unknown option \(word)")
      }
    }
  }

  private func number(_ word: String?) throws -> Int {
    guard let value = word.flatMap({ Int($0) }), value > 0 else {
      throw Mismatch("\(word ?? "nothing") is no positive number")
    }
    return value
  }
}

/// The file is not what it has to be, or a call failed that must not.
struct Mismatch: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
