/// Which part of a bucket to list.
package struct ListRequest: Sendable, Hashable {
  /// Only keys that begin with this.
  package var prefix: String
  /// Keys that contain "/" behind the prefix are folded into ``ListPage/commonPrefixes``.
  package var foldsDirectories: Bool
  /// Where the page before this one ended.
  package var continuation: String?
  /// 1 to 1,000 keys and common prefixes together.
  package var pageSize: Int

  package init(
    prefix: String, foldsDirectories: Bool, continuation: String? = nil, pageSize: Int = 1_000
  ) {
    self.prefix = prefix
    self.foldsDirectories = foldsDirectories
    self.continuation = continuation
    self.pageSize = pageSize
  }
}

/// A page of a listing, keys in byte order.
package struct ListPage: Sendable, Hashable {
  package var objects: [ListedObject]
  /// Each ends with "/".
  package var commonPrefixes: [ObjectKey]
  /// Set when more follows: ``ListRequest/continuation`` of the next page.
  package var continuation: String?

  package init(
    objects: [ListedObject] = [], commonPrefixes: [ObjectKey] = [], continuation: String? = nil
  ) {
    self.objects = objects
    self.commonPrefixes = commonPrefixes
    self.continuation = continuation
  }
}

package struct ListedObject: Sendable, Hashable {
  package var key: ObjectKey
  /// In bytes.
  package var size: Int64
  package var etag: ETag
  package var lastModified: Timestamp

  package init(key: ObjectKey, size: Int64, etag: ETag, lastModified: Timestamp) {
    self.key = key
    self.size = size
    self.etag = etag
    self.lastModified = lastModified
  }
}
