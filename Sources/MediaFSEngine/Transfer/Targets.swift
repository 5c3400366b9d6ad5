import MediaFSCatalog
import MediaFSCore
import ObjectStorage

/// The keys that the names of an inode want, the oldest name first. What `local.only` covers wants
/// none.
struct Targets: Sendable {
  private(set) var keys: [ObjectKey] = []
  private(set) var paths: [ObjectKey: [FileName]] = [:]

  /// The keys that covered names would want.
  private(set) var covered: Set<ObjectKey> = []

  /// - Parameter key: of an inode at a path.
  init(
    _ placement: Placement, localOnly: PatternList,
    _ key: (InodeRecord, [FileName]) -> ObjectKey
  ) {
    for path in placement.paths where !path.isEmpty {
      let key = key(placement.inode, path)
      if localOnly.covers(path) {
        covered.insert(key)
        continue
      }
      guard paths[key] == nil else { continue }
      keys.append(key)
      paths[key] = path
    }
  }

  /// The first key that no store takes.
  var tooLong: ObjectKey? {
    keys.first { $0.byteCount > ObjectKey.maximumLength }
  }

  /// Without the keys that no store takes.
  var feasible: Targets {
    var targets = self
    targets.keys.removeAll { $0.byteCount > ObjectKey.maximumLength }
    return targets
  }
}

extension ReconcileStep {
  /// The key that is written on a condition.
  var target: ObjectKey? {
    switch self {
    case .upload(let key), .move(_, let key), .rewriteAttributes(let key), .copy(_, let key),
      .mark(let key):
      key
    case .promote, .bury: nil
    }
  }
}
