/// The options of mount(8), which keep their usual names.
enum MountOption: Equatable, Sendable {
  /// Another way to write one of our keys.
  case key(name: String, value: String)
  /// For the kernel, as it is.
  case kernel(String)
  /// For mount(8), systemd or the boot scripts, who read it from fstab themselves.
  case ignored

  /// `nil` when the option is not one of mount(8).
  static func classify(_ name: String, _ value: String?) -> MountOption? {
    if name.hasPrefix("x-") || name.hasPrefix("X-") || name == "comment" { return .ignored }
    if let value {
      return valued.contains(name) ? .key(name: "mount.\(name)", value: value) : nil
    }
    if let (key, value) = flags[name] { return .key(name: key, value: value) }
    if kernelFlags.contains(name) { return .kernel(name) }
    return others.contains(name) ? .ignored : nil
  }

  /// All names, for suggestions.
  static var names: [String] {
    valued + flags.keys + kernelFlags + others + ["comment"]
  }

  private static let valued = ["uid", "gid", "umask"]

  private static let flags: [String: (key: String, value: String)] = [
    "ro": ("mount.read_only", "true"),
    "rw": ("mount.read_only", "false"),
    "allow_other": ("mount.allow_other", "true"),
    "nocheck": ("mount.check", "false"),
  ]

  private static let kernelFlags = [
    "nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "atime", "relatime",
    "norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime", "nodiratime",
    "diratime", "sync", "async", "dirsync",
  ]

  /// `default_permissions` is here because mediafs always has the kernel check permissions.
  private static let others = [
    "defaults", "default_permissions", "auto", "noauto", "user", "nouser", "users", "owner",
    "group", "_netdev", "nofail", "_rnetdev",
  ]
}
