package import SystemPackage

/// Why the catalog did not do what it was asked.
package enum CatalogError: Error, Sendable, CustomStringConvertible {
  /// A rule of the namespace forbids it (`ENOENT`, `EEXIST`, `ENOTEMPTY`…).
  case rule(Errno)
  /// SQLite failed: disk full, disk broken, file damaged.
  case database(String)
  /// The catalog on disk belongs to something else or cannot be used.
  case unusable(String)

  package var description: String {
    switch self {
    case .rule(let errno): "\(errno)"
    case .database(let message): "catalog: \(message)"
    case .unusable(let message): message
    }
  }
}
