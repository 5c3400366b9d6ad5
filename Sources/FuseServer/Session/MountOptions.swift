/// How the kernel shows a mount and what it allows on it.
package struct MountOptions: Sendable {
  /// What `mount` and `findmnt` show as the source, without secrets.
  package var source: String
  /// Shown after "fuse.", and what `mount -t fuse.mediafs` selects.
  package var subtype = "mediafs"
  /// Other users than the one who mounts may use it.
  package var allowOther = false
  /// The kernel checks owner, group and mode; nobody else does.
  package var defaultPermissions = true
  package var readOnly = false
  /// Further words of mount(8) that libfuse knows: `nosuid`, `nodev`, `noexec`, `noatime`, `sync`…
  package var kernelOptions: [String] = []

  package init(source: String) {
    self.source = source
  }

  /// The argument of `-o`: libfuse splits it at commas and takes a backslash for an escape.
  var argument: String {
    var words = ["fsname=\(escaped(source))", "subtype=\(escaped(subtype))"]
    if allowOther { words.append("allow_other") }
    if defaultPermissions { words.append("default_permissions") }
    if readOnly { words.append("ro") }
    return (words + kernelOptions.map(escaped)).joined(separator: ",")
  }

  private func escaped(_ word: String) -> String {
    var result = ""
    for character in word.unicodeScalars {
      if character == "," || character == "\\" { result.append("\\") }
      result.unicodeScalars.append(character)
    }
    return result
  }
}
