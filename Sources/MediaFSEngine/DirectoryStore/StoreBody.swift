import ObjectStorage
import PosixIO
import SystemPackage
import Synchronization

/// The bytes of an object's file; the file stays open until they are read or not wanted.
final class StoreBody: ObjectBody {
  private enum State {
    case open(StoreFile, rest: Range<Int64>)
    case cancelled
  }

  private let state: Mutex<State>

  init(_ file: StoreFile, _ range: Range<Int64>) {
    state = Mutex(.open(file, rest: range))
  }

  func next() async throws(ObjectStoreError) -> [UInt8]? {
    try ObjectStoreError.throwIfCancelled()
    return try read()
  }

  func read() throws(ObjectStoreError) -> [UInt8]? {
    let (file, rest) = try state.withLock { state throws(ObjectStoreError) in
      guard case .open(let file, let rest) = state else {
        throw ObjectStoreError(.cancelled, code: "Cancelled", message: "the download was cancelled")
      }
      return (file, rest)
    }
    guard !rest.isEmpty else { return nil }
    let count = Int(min(Int64(DirectoryObjectStore.chunkSize), rest.upperBound - rest.lowerBound))
    let bytes = try onDisk("read") { () throws(Errno) in
      try file.read(count: count, at: rest.lowerBound)
    }
    guard bytes.count == count else {
      throw ObjectStoreError(
        .unavailable, code: "IncompleteBody", message: "the file became shorter while it was read")
    }
    state.withLock { state in
      if case .open = state {
        state = .open(file, rest: (rest.lowerBound + Int64(count))..<rest.upperBound)
      }
    }
    return bytes
  }

  func cancel() {
    state.withLock { $0 = .cancelled }
  }
}
