import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import PosixIO
import Synchronization
import SystemPackage

/// A content file as the body of an upload, for as long as it does not change and has a name.
///
/// Every change counts before its bytes reach the file, and every read looks at the count after it:
/// bytes of two versions never end up in one object.
struct ContentSource: ObjectSource {
  /// What must not change.
  enum Scope {
    /// - Parameter changes: the count of them when the upload began.
    case file(changes: UInt64)
    /// A part of a file that is still being written.
    case part(Int)
  }

  let content: FileContent
  let range: Range<Int64>
  let scope: Scope
  let sums: SentSums?

  var length: Int64 { Int64(range.count) }

  func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try content.file.read(count: count, at: range.lowerBound + offset)
    } catch {
      throw ObjectStoreError(
        .cancelled, code: ObjectStoreError.LocalCode.cacheDisk,
        message: "The cache disk failed: \(error)")
    }
    try content.checkIsWanted()
    guard isUnchanged, bytes.count == count else {
      throw ObjectStoreError(
        .cancelled, code: ObjectStoreError.LocalCode.changed,
        message: "The file changed while it was uploaded")
    }
    sums?.add(bytes, at: range.lowerBound + offset)
    return bytes
  }

  private var isUnchanged: Bool {
    content.state.withLock { state in
      switch scope {
      case .file(let changes): state.lifecycle.changes == changes
      case .part(let number): state.parts?.current.contains(number) == true
      }
    }
  }
}

extension FileContent {
  /// Ends an upload of what the store is to have no longer: the file has lost its last name.
  func checkIsWanted() throws(ObjectStoreError) {
    if state.withLock({ $0.isOrphan || $0.isSuperseded }) { throw .fileDeleted }
  }
}

extension ObjectStoreError {
  static let fileDeleted = ObjectStoreError(
    .cancelled, code: "Deleted", message: "The file was deleted before it was uploaded")
}
