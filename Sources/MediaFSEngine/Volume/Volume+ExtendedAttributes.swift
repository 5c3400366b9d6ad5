import MediaFSCache
import MediaFSCatalog
package import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

extension Volume {
  package func extendedAttributes(
    of inode: InodeNumber
  ) async throws(FileSystemError) -> [String] {
    try await names(of: inode, "listxattr").map(\.text)
  }

  /// Known without a query for most inodes; `complete` asks the store for one that is news.
  func names(
    of inode: InodeNumber, _ operation: String
  ) async throws(FileSystemError) -> [AttributeName] {
    try await context.attributeNames.names(of: inode) {
      () async throws(FileSystemError) -> [AttributeName] in
      let record = try require(inode, operation)
      if context.asListed(record) != nil { return [] }
      _ = try await complete(record, operation)
      return try ask(operation) { try $0.attributeNames(of: inode) }
    }
  }

  package func extendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) -> [UInt8] {
    let name = try Self.name(name, "getxattr")
    let value: [UInt8]? =
      if let view = name.view {
        try value(of: view, inode).map { Array($0.utf8) }
      } else if try await names(of: inode, "getxattr").contains(name) {
        try ask("getxattr") { try $0.extendedAttribute(name, of: inode) }
      } else {
        nil
      }
    guard let value else {
      throw FileSystemError(.noData, "getxattr", "There is no attribute \(name)")
    }
    return value
  }

  package func setExtendedAttribute(
    _ name: String, of inode: InodeNumber, to value: [UInt8], _ setting: AttributeSetting
  ) async throws(FileSystemError) {
    let name = try await prepareChange(of: name, of: inode, "setxattr")
    guard value.count <= ExtendedAttributes.maximumValue else {
      throw FileSystemError(.argListTooLong, "setxattr", "The value is over 64 KiB")
    }
    let presence: AttributePresence =
      switch setting {
      case .createOrReplace: .any
      case .create: .absent
      case .replace: .present
      }
    let now = context.environment.now()
    _ = try ask("setxattr") {
      try $0.setExtendedAttribute(name, of: inode, to: value, expecting: presence, at: now)
    }
    attributesChanged(of: inode)
  }

  package func removeExtendedAttribute(
    _ name: String, of inode: InodeNumber
  ) async throws(FileSystemError) {
    let name = try await prepareChange(of: name, of: inode, "removexattr")
    let now = context.environment.now()
    _ = try ask("removexattr") { try $0.removeExtendedAttribute(name, of: inode, at: now) }
    attributesChanged(of: inode)
  }

  private func prepareChange(
    of text: String, of inode: InodeNumber, _ operation: String
  ) async throws(FileSystemError) -> AttributeName {
    try refuseIfReadOnly(operation)
    let name = try Self.name(text, operation)
    guard name.space != .view else {
      throw FileSystemError(.notPermitted, operation, "\(name) tells what is, and takes nothing")
    }
    // What is not known yet would be overwritten by what the metadata says.
    _ = try await judged(inode, operation)
    return name
  }

  private func attributesChanged(of inode: InodeNumber) {
    context.attributeNames.forget(inode)
    reconciler.journalChanged()
  }

  private static func name(
    _ text: String, _ operation: String
  ) throws(FileSystemError) -> AttributeName {
    guard let name = AttributeName(text) else {
      throw FileSystemError(.outOfRange, operation, "The name is empty or over 255 bytes")
    }
    guard name.text.utf8.last != UInt8(ascii: ".") else {
      throw FileSystemError(.invalidArgument, operation, "\(name) names nothing")
    }
    guard name.space != nil else {
      throw FileSystemError(.notSupported, operation, "Nothing keeps attributes like \(name)")
    }
    return name
  }
}

// MARK: - What the mount tells of a file

extension Volume {
  /// The answers of `user.mediafs.*`; not listed, so that `cp -a` and `rsync -X` do not copy them.
  private func value(
    of name: String, _ inode: InodeNumber
  ) throws(FileSystemError) -> String? {
    // Told without the catalog, too: what is wrong with that is asked there.
    if name.utf8.elementsEqual("socket".utf8) {
      return inode == .root ? context.options.controlSocket : nil
    }
    let record = try require(inode, "getxattr")
    switch name {
    case "state": return try state(of: record)
    case "etag": return record.object?.etag.text
    case "key":
      if record.isLocalOnly { return nil }
      // Where the bytes are, not where a rename will take them.
      if let object = record.object { return object.key.text }
      guard let path = try context.path(of: inode, "getxattr"), !path.isEmpty else { return nil }
      return record.kind == .directory
        ? try? context.keySpace.directoryMarker(of: path).text
        : try? context.keySpace.key(of: path).text
    case "error":
      return try ask("getxattr") { try $0.journalError(of: inode) }
    default: return nil
    }
  }

  /// The state of a file's bytes; `local` for what the store does not get.
  private func state(of record: InodeRecord) throws(FileSystemError) -> String {
    if record.isLocalOnly { return "local" }
    if let content = context.registry.current(record.number) {
      return content.state.withLock { $0.lifecycle.state.rawValue }
    }
    let present = try ask("getxattr") { try $0.extents(of: record.content) }
    return FileLifecycle(
      size: record.size, baseSize: record.baseSize, present: present, version: record.version,
      committedVersion: record.committedVersion
    ).state.rawValue
  }
}
