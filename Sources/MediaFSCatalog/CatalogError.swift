package import SystemPackage

/// Why the catalog did not do what it was asked.
package enum CatalogError: Error, Sendable, CustomStringConvertible {
  /// A rule of the namespace forbids it (`ENOENT`, `EEXIST`, `ENOTEMPTY`…).
  case rule(Errno)
  /// SQLite failed: disk full, disk broken, file damaged.
  case database(String)
  /// The database is damaged: it has to be made anew.
  case damaged(String)
  /// The catalog on disk belongs to something else or cannot be used.
  case unusable(String)

  package var description: String {
    switch self {
    case .rule(let errno): "\(errno)"
    case .database(let message): "catalog: \(message)"
    case .damaged(let message): "the catalog is damaged: \(message)"
    case .unusable(let message): message
    }
  }
}
