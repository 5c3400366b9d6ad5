package import ObjectStorage

/// Makes one page of a listing from keys in byte order.
///
/// The continuation is the last key or common prefix of the page before, as it is.
package struct ListPageBuilder {
  private let request: ListRequest
  private let after: ObjectKey?
  private var page = ListPage()
  private var last: ObjectKey?
  /// True when the page holds all it may; what follows belongs to the next.
  package private(set) var isFull = false

  package init(_ request: ListRequest) {
    self.request = request
    after = request.continuation.map { ObjectKey($0) }
  }

  private var pageSize: Int { min(max(1, request.pageSize), 1_000) }

  /// The folded part of a key: up to and with the first "/" behind the prefix.
  package func commonPrefix(of key: ObjectKey) -> ObjectKey? {
    guard request.foldsDirectories else { return nil }
    let bytes = key.text.utf8
    let rest = bytes.dropFirst(request.prefix.utf8.count)
    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    return ObjectKey(String(key.text[...slash]))
  }

  /// True when no key that begins with `prefix` belongs to this page or a later one.
  package func isBehind(_ prefix: ObjectKey) -> Bool {
    guard let after else { return false }
    if commonPrefix(of: after) == after, prefix.hasPrefix(after.text) { return true }
    return prefix < after && !after.hasPrefix(prefix.text)
  }

  /// Keys must come in byte order; those that an earlier page had are passed over.
  package mutating func add(_ object: ListedObject) {
    guard object.key.hasPrefix(request.prefix), !isBefore(object.key) else { return }
    if let prefix = commonPrefix(of: object.key) {
      add(commonPrefix: prefix)
    } else if takes(object.key) {
      page.objects.append(object)
    }
  }

  /// For a store that knows without listing it that a prefix has keys.
  package mutating func add(commonPrefix prefix: ObjectKey) {
    guard prefix != last, prefix != after, takes(prefix) else { return }
    page.commonPrefixes.append(prefix)
  }

  package func finish() -> ListPage {
    var page = page
    page.continuation = isFull ? last?.text : nil
    return page
  }

  private func isBefore(_ key: ObjectKey) -> Bool {
    guard let after else { return false }
    return key <= after || (commonPrefix(of: after) == after && key.hasPrefix(after.text))
  }

  private mutating func takes(_ key: ObjectKey) -> Bool {
    guard page.objects.count + page.commonPrefixes.count < pageSize else {
      isFull = true
      return false
    }
    last = key
    return true
  }
}
