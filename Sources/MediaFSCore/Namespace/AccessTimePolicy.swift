package import ObjectStorage

/// When reading something moves its access time on, by the options of mount(8).
package struct AccessTimePolicy: Sendable, Hashable {
  package enum Mode: Sendable {
    /// `noatime`
    case never
    /// `relatime`: the first time after a change, and once a day.
    case relative
    /// `strictatime`: at every read that the kernel does not serve from its own cache.
    case always
  }

  package var mode: Mode
  /// False with `nodiratime`.
  package var includesDirectories: Bool

  /// What `relatime` takes for outdated whatever has changed; the kernel's own limit.
  private static let longestAge: Duration = .seconds(86_400)

  package init(mode: Mode = .relative, includesDirectories: Bool = true) {
    self.mode = mode
    self.includesDirectories = includesDirectories
  }

  /// Of several options the last one counts; others are not about access times.
  package init(mountOptions: [String]) {
    self.init()
    for option in mountOptions {
      switch option {
      case "noatime": mode = .never
      case "strictatime": mode = .always
      case "atime", "relatime", "norelatime", "nostrictatime": mode = .relative
      case "nodiratime": includesDirectories = false
      case "diratime": includesDirectories = true
      default: break
      }
    }
  }

  /// Whether a read at `now` is to be noted.
  package func isOutdated(_ attributes: FileAttributes, at now: Timestamp) -> Bool {
    guard includesDirectories || attributes.kind != .directory else { return false }
    switch mode {
    case .never: return false
    case .always: return attributes.accessed < now
    case .relative:
      return attributes.accessed <= attributes.modified
        || attributes.accessed <= attributes.changed
        || attributes.accessed.advanced(by: Self.longestAge) <= now
    }
  }
}
