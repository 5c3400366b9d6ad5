/// The calling convention of mount(8) for helpers of a filesystem type:
/// `mount.mediafs SOURCE DIR [-sfnv] [-N NAMESPACE] [-t TYPE] [-o OPTIONS]`.
///
/// Options that only make sense on our own command line may be given in fstab as well:
/// `config=FILE`, `name=NAME`, `foreground`.
enum MountInvocation {
  static func isHelper(_ program: String) -> Bool {
    let name = program.split(separator: "/").last ?? ""
    return name == "mount.mediafs" || name == "mount.fuse.mediafs"
  }

  /// The words of `mediafs mount` that mean the same.
  ///
  /// - Parameter words: without the program's name.
  static func translate(_ words: [String]) throws(Failure) -> [String] {
    var positional: [String] = []
    var result = ["mount"]
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1 else {
        positional.append(word)
        continue
      }
      for flag in word.dropFirst() {
        switch flag {
        case "s", "n", "v": continue
        case "f": result.append("--fake")
        case "t": _ = try value(of: "-t", &rest)
        case "o": result += options(try value(of: "-o", &rest))
        default: throw Failure(.usage, "option -\(flag) of mount is not supported")
        }
      }
    }
    guard positional.count == 2 else {
      throw Failure(.usage, "usage: mount.mediafs SOURCE DIR [-sfnv] [-o OPTIONS]")
    }
    return result + ["--"] + positional
  }

  private static func value(
    of option: String, _ rest: inout ArraySlice<String>
  ) throws(Failure) -> String {
    guard let value = rest.popFirst() else { throw Failure(.usage, "\(option) needs a value") }
    return value
  }

  private static func options(_ list: String) -> [String] {
    var words: [String] = []
    var passed: [String] = []
    for field in OptionList.fields(list) where !field.isEmpty {
      let text = OptionList.unescaped(field)
      if text == "foreground" {
        words.append("--foreground")
      } else if text.hasPrefix("config=") || text.hasPrefix("name=") {
        words.append("--\(text)")
      } else {
        passed.append(field)
      }
    }
    return words + (passed.isEmpty ? [] : ["-o", passed.joined(separator: ",")])
  }
}
