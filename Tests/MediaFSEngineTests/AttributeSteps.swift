import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import SystemPackage
import Testing

/// What tests of attributes do, by path.
extension TestVolume {
  static let root = Caller(owner: Owner(user: 0, group: 0))

  func set(
    _ name: String, of path: String, to value: [UInt8],
    _ setting: AttributeSetting = .createOrReplace
  ) async throws {
    try await volume.setExtendedAttribute(name, of: inode(path), to: value, setting)
  }

  func get(_ name: String, of path: String) async throws -> [UInt8] {
    try await volume.extendedAttribute(name, of: inode(path))
  }

  func remove(_ name: String, of path: String) async throws {
    try await volume.removeExtendedAttribute(name, of: inode(path))
  }

  func list(_ path: String) async throws -> [String] {
    try await volume.extendedAttributes(of: inode(path))
  }

  func changeMode(of path: String, to permissions: UInt32) async throws {
    _ = try await volume.setAttributes(
      of: inode(path), AttributeChanges(permissions: permissions), handle: nil)
  }

  /// Makes a node of any kind in the root.
  func makeNode(_ name: String, _ kind: FileKind, device: UInt64 = 0) async throws {
    _ = try await volume.makeNode(
      Self.name(name), in: .root, kind: kind, permissions: 0o640, device: device,
      caller: Self.root)
  }

  func metadata(_ key: String) async throws -> [String: String] {
    try await store.head(ObjectKey(key)).headers.metadata
  }

  /// Keys of side objects.
  func sides() async throws -> [String] {
    let keySpace = KeySpace(prefix: options.keyPrefix)
    return try await objects().keys.filter { keySpace.sideName(of: ObjectKey($0)) != nil }.sorted()
  }
}

/// Expects that an application sees this error.
func expectError(
  _ errno: Errno, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Void
) async {
  let error = await #expect(throws: FileSystemError.self, sourceLocation: sourceLocation) {
    try await body()
  }
  #expect(error?.errno == errno, "\(String(describing: error))", sourceLocation: sourceLocation)
}
