import Logging
import MediaFSCatalog
import ObjectStorage
import Synchronization

/// Aborts multipart uploads that nobody goes on with: the store keeps their parts, and has them
/// paid for, until somebody does.
final class UploadCleaner: Sendable {
  /// Uploads aborted by one look; what is left comes with the next.
  static let batch = 100
  /// After a failure nothing is tried for so long: it is not urgent.
  private static let pause: Duration = .seconds(30)

  private let context: VolumeContext
  private let next = Mutex(Timestamp.epoch)

  init(_ context: VolumeContext) {
    self.context = context
  }

  func mayClean(_ now: Timestamp) -> Bool {
    next.withLock { $0 <= now }
  }

  /// Returns when all was tried; what fails is tried again later, and keeps no other one back.
  func clean(_ abandoned: [(key: ObjectKey, upload: UploadID)]) async {
    var isDone = true
    for (key, upload) in abandoned where !Task.isCancelled && context.health.offline == nil {
      do {
        try await abort(upload, of: key)
      } catch {
        context.log.debug("An upload was not aborted yet: \(error)")
        isDone = false
      }
    }
    if isDone { return }
    let pause = context.environment.now().advanced(by: Self.pause)
    next.withLock { $0 = pause }
  }

  private func abort(_ upload: UploadID, of key: ObjectKey) async throws {
    var uploads = [upload]
    if upload.text.utf8.isEmpty {
      let known = try context.catalog.knownUploads()
      uploads = try await context.store.listUploads(prefix: key.text)
        .filter { $0.key == key && !known.contains($0.upload) }.map(\.upload)
    }
    for upload in uploads { try await context.store.abortUpload(key, upload) }
    try context.catalog.aborted(upload, of: key)
  }
}
