import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import SystemPackage

extension Volume {
  /// One transaction, however much lies beneath. The store is asked at most what the two parents
  /// and a directory that is to be replaced hold, where that is not known.
  package func rename(
    _ name: FileName, in parent: InodeNumber, to newName: FileName, in newParent: InodeNumber,
    mode: RenameMode
  ) async throws(FileSystemError) {
    try refuseIfReadOnly("rename")
    _ = try await listed(parent, "rename")
    if newParent != parent { _ = try await listed(newParent, "rename") }
    guard let moved = try ask("rename", { try $0.child(name, of: parent) }) else {
      throw FileSystemError(.noSuchFileOrDirectory, "rename", "There is no \(name)")
    }
    let existing = try ask("rename") { try $0.child(newName, of: newParent) }
    try checkKeys(of: moved, as: newName, in: newParent)
    let names = [
      EntryName(name: name, parent: parent), EntryName(name: newName, parent: newParent),
    ]
    if mode == .exchange {
      if let existing { try checkKeys(of: existing, as: name, in: parent) }
      let now = context.environment.now()
      try context.untold.use(names, "rename") { () throws(FileSystemError) in
        try ask("rename") {
          try $0.exchange(name, in: parent, with: newName, in: newParent, at: now)
        }
      }
    } else {
      if mode == .replace, moved.kind == .directory, let existing, existing.kind == .directory,
        existing.number != moved.number
      {
        // What it holds at the store counts too.
        try await refresher.freshen(existing, "rename")
      }
      let context = context
      let now = context.environment.now()
      let outcome = try context.untold.use(names, "rename") { () throws(FileSystemError) in
        try ask("rename") {
          try $0.rename(
            name, in: parent, to: newName, in: newParent, replacing: mode == .replace, at: now
          ) { context.isInUse($0) }
        }
      }
      if let replaced = outcome.replaced { try lostName(replaced) }
    }
    for other in [moved, mode == .exchange ? existing : nil].compactMap({ $0 }) {
      if other.kind == .directory {
        relabelling.add(other.number)
      } else {
        context.relabel(other.number)
      }
    }
    reconciler.journalChanged()
  }

  /// Entries beneath a renamed directory whose keys are looked at before, in about 1 ms: what is
  /// beyond them, or was never listed, is parked should its key be too long.
  private static let checkedEntries = 1_000

  private func checkKeys(
    of moved: InodeRecord, as name: FileName, in parent: InodeNumber
  ) throws(FileSystemError) {
    let isDirectory = moved.kind == .directory
    try checkKey(name, in: parent, isDirectory: isDirectory, "rename")
    guard isDirectory, let above = try context.path(of: parent, "rename") else { return }
    let own = context.keySpace.directoryPrefix(of: above + [name]).utf8.count
    let longest = try ask("rename") {
      try $0.longestPath(beneath: moved.number, among: Self.checkedEntries)
    }
    guard own + longest > ObjectKey.maximumLength else { return }
    throw FileSystemError(
      .fileNameTooLong, "rename",
      "A key beneath \(name) would have \(own + longest) bytes, S3 takes 1024")
  }
}
