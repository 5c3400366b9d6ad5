import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import SystemPackage

extension Volume: FileSystem {
  package func lookup(
    _ name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) -> Entry {
    let before = try requireDirectory(parent, "lookup")
    let guess = loader.guesses.begin(name, in: before)
    defer { if let guess { loader.guesses.end(guess) } }
    try await refresher.freshen(before, "lookup")
    let directory = try require(parent, "lookup")
    var last: InodeNumber?
    while true {
      let moment = context.untold.now
      let found = try ask("lookup") { try $0.child(name, of: parent) }
      context.untold.told(EntryName(name: name, parent: parent), at: moment)
      guard let child = found, child.number != last else {
        throw FileSystemError(.noSuchFileOrDirectory, "lookup", "There is no \(name)")
      }
      if let listed = context.asListed(child) { return entry(listed, in: directory) }
      do throws(FileSystemError) {
        return entry(try await loader.complete(child, in: parent, "lookup"), in: directory)
      } catch {
        // It turned out to be another name of an inode that is known, and has gone into that.
        guard error.errno == .staleNFSFileHandle else { throw error }
        last = child.number
      }
    }
  }

  package func entry(of inode: InodeNumber) async throws(FileSystemError) -> Entry {
    let reply = try await attributes(of: inode, handle: nil)
    return Entry(
      attributes: reply.attributes, entryTimeout: reply.timeout, attributeTimeout: reply.timeout)
  }

  package func parent(of directory: InodeNumber) async throws(FileSystemError) -> Entry {
    _ = try require(directory, "lookup")
    return try await entry(of: try ask("lookup") { try $0.parent(of: directory) })
  }

  /// A directory whose entries can be relied on.
  func known(
    _ directory: InodeNumber, _ operation: String
  ) async throws(FileSystemError) -> InodeRecord {
    try await refresher.freshen(try requireDirectory(directory, operation), operation)
    return try require(directory, operation)
  }

  /// A directory whose entries were listed before. Whoever asks for something by a name has looked
  /// the name up, and what others have done since makes nobody wait.
  func listed(
    _ directory: InodeNumber, _ operation: String
  ) async throws(FileSystemError) -> InodeRecord {
    let record = try requireDirectory(directory, operation)
    guard record.listed == nil else { return record }
    return try await known(directory, operation)
  }

  private func requireDirectory(
    _ inode: InodeNumber, _ operation: String
  ) throws(FileSystemError) -> InodeRecord {
    let record = try require(inode, operation)
    guard record.kind == .directory else {
      throw FileSystemError(.notDirectory, operation, "Inode \(inode) is no directory")
    }
    return record
  }

  func entry(_ record: InodeRecord, in directory: InodeRecord) -> Entry {
    let validity = refresher.validity(of: directory)
    return Entry(
      attributes: attributes(record), entryTimeout: validity, attributeTimeout: validity)
  }

  /// A key that the store would refuse is refused now, not when it is uploaded. Returns the path.
  @discardableResult
  func checkKey(
    _ name: FileName, in parent: InodeNumber, isDirectory: Bool, _ operation: String
  ) throws(FileSystemError) -> [FileName] {
    guard var path = try context.path(of: parent, operation) else {
      throw FileSystemError(.noSuchFileOrDirectory, operation, "The directory is gone")
    }
    path.append(name)
    guard !context.keySpace.isReserved(path) else {
      throw FileSystemError(
        .notPermitted, operation, "\(KeySpace.reservedName) is mediafs's own")
    }
    do throws(KeyError) {
      _ =
        isDirectory
        ? try context.keySpace.directoryMarker(of: path) : try context.keySpace.key(of: path)
    } catch {
      switch error {
      case .tooLong(let count):
        throw FileSystemError(
          .fileNameTooLong, operation, "The key would have \(count) bytes, S3 takes 1024")
      case .notAPath(let text):
        throw FileSystemError(.invalidArgument, operation, "\(text) is no path")
      }
    }
    return path
  }

  package func unlink(_ name: FileName, in parent: InodeNumber) async throws(FileSystemError) {
    try refuseIfReadOnly("unlink")
    _ = try await listed(parent, "unlink")
    let context = context
    let now = context.environment.now()
    let key = try context.path(of: parent, "unlink").flatMap {
      try? context.keySpace.key(of: $0 + [name])
    }
    let entry = EntryName(name: name, parent: parent)
    let record = try context.untold.use([entry], "unlink") { () throws(FileSystemError) in
      try ask("unlink") {
        try $0.unlink(name, in: parent, key: key, at: now) { context.isInUse($0) }
      }
    }
    try lostName(record)
    reconciler.journalChanged()
  }

  package func removeDirectory(
    _ name: FileName, in parent: InodeNumber
  ) async throws(FileSystemError) {
    try refuseIfReadOnly("rmdir")
    _ = try await listed(parent, "rmdir")
    let child = try ask("rmdir") { try $0.child(name, of: parent) }
    // What it holds at the store counts too.
    if let child, child.kind == .directory { try await refresher.freshen(child, "rmdir") }
    let context = context
    let now = context.environment.now()
    let entry = EntryName(name: name, parent: parent)
    let record = try context.untold.use([entry], "rmdir") { () throws(FileSystemError) in
      try ask("rmdir") {
        try $0.removeDirectory(name, in: parent, at: now) { context.isInUse($0) }
      }
    }
    try lostName(record)
    reconciler.journalChanged()
  }
}
