import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Objects that are asked for while their directory is being listed, in which somebody looks a name
/// up before anybody has listed it: where the listing has it, its attributes and first bytes have
/// come by then, and not one round trip later.
///
/// Only a listing tells what there is. What was guessed is taken for the version that the listing
/// has, and for no other.
final class Guesses: Sendable {
  private struct Answer {
    var info: ObjectInfo
    var bytes: [UInt8]
  }

  private struct Guess {
    let answer: Deferred<Answer>
    let request: Task<Void, Never>
  }

  private let context: VolumeContext
  private let running = Mutex<[ObjectKey: Guess]>([:])

  init(_ context: VolumeContext) {
    self.context = context
  }

  /// The key that is asked for; `nil` for a name that does not look like one of a file, and where
  /// what came so was not read lately. To be ended by ``end(_:)``.
  func begin(_ name: FileName, in directory: InodeRecord) -> ObjectKey? {
    guard directory.listed == nil, context.options.fetchesFirstBytes,
      context.options.attributeSource == .object, context.health.offline == nil,
      name.text.utf8.dropFirst().contains(UInt8(ascii: ".")),
      let source = (try? context.catalog.source(of: directory.number)) ?? nil
    else { return nil }
    let key = ObjectKey(context.keySpace.prefix(of: source) + name.text)
    guard key.byteCount <= ObjectKey.maximumLength, !context.keySpace.isReserved(key) else {
      return nil
    }
    return running.withLock { running in
      guard running[key] == nil, context.beginnings.claim() else { return nil }
      let answer = Deferred<Answer>()
      let request = context.environment.spawn("guess") { [store = context.store] in
        do throws(ObjectStoreError) {
          let range = 0..<Beginnings.length
          let download = try await store.get(key, range: range, ifMatch: nil)
          let bytes = try await download.body.collect()
          answer.resolve(.success(Answer(info: download.info, bytes: bytes)))
        } catch {
          // Whoever needs it asks again.
          answer.resolve(.failure(FileSystemError(error, "lookup")))
        }
      }
      running[key] = Guess(answer: answer, request: request)
      return key
    }
  }

  /// Nobody waits for it any more.
  func end(_ key: ObjectKey) {
    running.withLock { $0.removeValue(forKey: key) }?.request.cancel()
  }

  func covers(_ object: StoredObject) -> Bool {
    running.withLock { $0[object.key] != nil }
  }

  /// The attributes of an object, whose first bytes are kept for a reader; `nil` unless they were
  /// asked for, and have come.
  func take(_ object: StoredObject) async -> ObjectInfo? {
    guard let guess = running.withLock({ $0[object.key] }) else { return nil }
    let limit = context.options.networkDeadline
    let answer = try? await guess.answer.wait("lookup", for: limit, context.environment)
    guard let answer, answer.info.etag == object.etag, answer.info.size == object.size else {
      return nil
    }
    context.beginnings.keep(answer.bytes, of: object)
    return answer.info
  }
}
