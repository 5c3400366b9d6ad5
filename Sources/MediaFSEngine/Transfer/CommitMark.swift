import MediaFSCatalog
import ObjectStorage

/// What the metadata of an object says of who wrote it, and where: so an object is recognised whose
/// answer was lost, or that was written before a crash.
///
/// The token alone does not tell that. Whoever moves an object may keep its metadata (another host,
/// S3 CopyObject with `COPY`, as `aws s3 mv` does), and may move it to where something of the same
/// file was once to be written from here. So the key goes into the mark, too.
enum CommitMark {
  /// The token of the state that the object holds.
  static let state = "mediafs-commit"
  /// Which catalog has written it at which key.
  private static let place = "mediafs-place"

  /// The mark of what is about to be written at a key.
  static func metadata(
    _ state: String, at key: ObjectKey, generation: UInt64
  ) -> [String: String] {
    [Self.state: state, place: place(of: key, generation)]
  }

  /// The state that was sent to a key from here; `nil` for what somebody else has put there.
  static func sent(
    _ metadata: [String: String], at key: ObjectKey, generation: UInt64
  ) -> String? {
    guard let found = metadata[place], found.utf8.elementsEqual(place(of: key, generation).utf8)
    else { return nil }
    return metadata[state]
  }

  private static func place(of key: ObjectKey, _ generation: UInt64) -> String {
    let text = String(generation, radix: 16) + " " + key.text
    return String(Checksum.of(Array(text.utf8), .crc32c).value, radix: 16)
  }
}

extension CommitToken {
  /// What was found at a key says of itself; `nil` when it was not written there from here.
  init?(_ found: ObjectInfo, at key: ObjectKey, generation: UInt64) {
    let text = CommitMark.sent(found.headers.metadata, at: key, generation: generation)
    guard let text else { return nil }
    self.init(text)
  }
}
