/// An object, or a range of one, on its way here.
package struct ObjectDownload: Sendable {
  /// Attributes of the whole object.
  package let info: ObjectInfo
  /// The bytes that ``body`` gives.
  package let range: Range<Int64>
  package let body: any ObjectBody

  package init(info: ObjectInfo, range: Range<Int64>, body: any ObjectBody) {
    self.info = info
    self.range = range
    self.body = body
  }
}

/// The bytes of an object in order, with back-pressure: what is not asked for stays in the network.
package protocol ObjectBody: AnyObject, Sendable {
  /// The next bytes (never empty), or `nil` after exactly the bytes that were announced: a body
  /// that ends early throws `unavailable`. One caller at a time.
  func next() async throws(ObjectStoreError) -> [UInt8]?

  /// Lets go of the connection; ``next()`` throws `cancelled` from now on. Dropping the last
  /// reference does the same.
  func cancel()
}

/// Bytes to upload, readable as often as a retry needs them.
package protocol ObjectSource: Sendable {
  /// In bytes.
  var length: Int64 { get }

  /// Exactly `count` bytes at `offset`. May block on the disk. Throws `cancelled` when the bytes
  /// are no longer what they were at the first read, which ends the upload before it can mix them.
  func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8]
}

/// Bytes in memory.
package struct BytesSource: ObjectSource {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package var length: Int64 { Int64(bytes.count) }

  package func read(at offset: Int64, count: Int) throws(ObjectStoreError) -> [UInt8] {
    Array(bytes[Int(offset)..<Int(offset) + count])
  }
}

extension ObjectBody {
  /// All bytes that are left. For small objects; large ones are to be streamed.
  package func collect() async throws(ObjectStoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    while let chunk = try await next() { bytes += chunk }
    return bytes
  }
}
