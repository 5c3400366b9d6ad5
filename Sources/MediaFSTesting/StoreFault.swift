package import ObjectStorage

/// A call of an ``ObjectStore``, by its S3 name.
package enum StoreOperation: String, Sendable, CaseIterable {
  case get, head, list, put, copy, delete, deleteBatch
  case createUpload, uploadPart, copyPart, completeUpload, abortUpload, listUploads, listParts
}

/// A call as a ``FaultStore`` saw it.
package struct StoreCall: Sendable, Hashable {
  package var operation: StoreOperation
  /// The key that is read or written; of a listing the prefix, of a batch the first key.
  package var key: ObjectKey
  package var range: Range<Int64>?
  package var condition: WriteCondition?
  package var headers: ObjectHeaders?
  package var partNumber: Int?
  /// What was sent, in bytes.
  package var size: Int64?

  /// What finds out what the store can do.
  var isOfProbe: Bool { key.text.contains("/.mediafs/probe-") }

  init(
    _ operation: StoreOperation, _ key: ObjectKey, range: Range<Int64>? = nil,
    condition: WriteCondition? = nil, headers: ObjectHeaders? = nil, partNumber: Int? = nil,
    size: Int64? = nil
  ) {
    self.operation = operation
    self.key = key
    self.range = range
    self.condition = condition
    self.headers = headers
    self.partNumber = partNumber
    self.size = size
  }
}

/// What goes wrong with a call.
package enum StoreFault: Sendable {
  /// The call has no effect.
  case fail(ObjectStoreError)
  /// The call has its effect, and the answer is lost.
  case loseAnswer(ObjectStoreError)
  /// The call waits, then goes on as if nothing had been.
  case hold(Gate)
  /// The call waits at the gate, then has no effect.
  case holdThenFail(Gate, ObjectStoreError)
  /// The call has its effect, and the answer waits at the gate.
  case holdAnswer(Gate)
  /// The body of a download ends after so many bytes, with an error.
  case cutBody(after: Int, ObjectStoreError)
  /// The body of a download waits at the gate after so many bytes.
  case holdBody(after: Int, Gate)
}

/// What a server does with `If-Match` and `If-None-Match` on writes; many only seem to know them.
package enum ConditionSupport: Sendable {
  case checked
  /// The write succeeds, whatever the condition says.
  case ignored
  /// Those of copies are: the target is replaced, whatever the condition says.
  case ignoredOnCopies
  /// Every write with a condition fails, whatever the condition says.
  case refused(ObjectStoreError)
}

extension ObjectStoreError {
  /// 503 SlowDown.
  package static let slowDown = Self(
    .throttled, code: "SlowDown", message: "reduce your request rate", httpStatus: 503)
  package static let serverError = Self(
    .unavailable, code: "InternalError", message: "we encountered an error", httpStatus: 500)
  package static let connectionLost = Self(
    .unavailable, code: "ConnectionLost", message: "the connection was closed")
}
