package import ObjectStorage
import Synchronization

/// Bytes in memory as the body of a download, in chunks as a network would give them.
package final class BytesBody: ObjectBody {
  private let chunkSize: Int
  /// What is left; `nil` once cancelled.
  private let rest: Mutex<ArraySlice<UInt8>?>

  package init(_ bytes: ArraySlice<UInt8>, chunkSize: Int = 64 << 10) {
    self.chunkSize = max(1, chunkSize)
    rest = Mutex(bytes)
  }

  package func next() async throws(ObjectStoreError) -> [UInt8]? {
    let chunk = rest.withLock { rest -> ArraySlice<UInt8>? in
      guard let bytes = rest else { return nil }
      rest = bytes.dropFirst(chunkSize)
      return bytes.prefix(chunkSize)
    }
    guard let chunk else {
      throw ObjectStoreError(.cancelled, code: "Cancelled", message: "the download was cancelled")
    }
    return chunk.isEmpty ? nil : Array(chunk)
  }

  package func cancel() {
    rest.withLock { $0 = nil }
  }
}
