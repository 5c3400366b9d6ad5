package import ObjectStorage
import SystemPackage

extension DirectoryObjectStore {
  package func list(_ request: ListRequest) async throws(ObjectStoreError) -> ListPage {
    try ObjectStoreError.throwIfCancelled()
    try tree.verifyPresence()
    var page = ListPageBuilder(request)
    var walk = StoreWalk(tree.root, prefix: request.prefix)
    try walk.run { key, isDirectory, isEmpty throws(ObjectStoreError) in
      if page.isFull { return .stop }
      guard isDirectory else {
        if key.hasPrefix(request.prefix), !page.isBehind(key) {
          try ObjectStoreError.throwIfCancelled()
          try add(key, to: &page)
        }
        return .skip
      }
      let leadsThere =
        key.hasPrefix(request.prefix) || ObjectKey(request.prefix).hasPrefix(key.text)
      guard leadsThere, !page.isBehind(key) else { return .skip }
      guard let folded = page.commonPrefix(of: key) else { return .enter }
      let hasObjects = try !onDisk("list") { () throws(Errno) in try isEmpty() }
      if hasObjects { page.add(commonPrefix: folded) }
      return .skip
    }
    return page.finish()
  }

  private func add(_ key: ObjectKey, to page: inout ListPageBuilder) throws(ObjectStoreError) {
    guard let object = try tree.open(key) else { return }
    page.add(
      ListedObject(
        key: key, size: object.record.size, etag: object.record.etag,
        lastModified: object.record.modified))
  }
}
