import Glibc
import ObjectStorage
import PosixIO
import SystemPackage

/// Multipart uploads of the embedded store: a directory for each, with a file that says what for
/// and a file for each part, whose name is the part's number and ETag.
struct StoreUploads: Sendable {
  static let directory = [StoreNames.privateDirectory, Array("uploads".utf8)]
  private static let description = Array("upload".utf8)
  private static let identifierLength = 32

  struct Upload: Sendable {
    var id: UploadID
    var path: StorePath
    var key: ObjectKey
    var headers: ObjectHeaders
    var initiated: Timestamp
  }

  let root: StoreFile

  func create(
    _ id: UploadID, _ key: ObjectKey, _ headers: ObjectHeaders,
    through temporary: inout StoreTemporary
  ) throws(Errno) {
    let path = Self.directory + [Array(id.text.utf8)]
    let lines = [["key", key.text]] + ObjectRecord.lines(of: headers)
    try temporary.append(ObjectRecord.encode(lines))
    try temporary.file.synchronize()
    _ = try root.makeDirectory(path)
    try temporary.move(to: path + [Self.description])
    try root.synchronizeDirectory(path)
    try root.synchronizeDirectory(Self.directory)
  }

  /// `nil` when there is no such upload. The text of an id comes from outside: it is only ever used
  /// as a name when it is one that was given out.
  func find(_ id: UploadID) throws(Errno) -> Upload? {
    let name = Array(id.text.utf8)
    let digits = Array("0123456789abcdef".utf8)
    guard name.count == Self.identifierLength, name.allSatisfy(digits.contains) else { return nil }
    let path = Self.directory + [name]
    do throws(Errno) {
      let file = try root.open(path + [Self.description], O_RDONLY)
      let status = try file.status()
      let bytes = try file.read(count: Int(clamping: status.size), at: 0)
      guard let lines = ObjectRecord.decode(bytes), let first = lines.first, first.count == 2
      else { return nil }
      return Upload(
        id: id, path: path, key: ObjectKey(first[1]), headers: ObjectRecord.headers(of: lines),
        initiated: status.modificationTime)
    } catch {
      guard error.isMissingFile else { throw error }
      return nil
    }
  }

  func all() throws(Errno) -> [Upload] {
    var names: [[UInt8]] = []
    try root.forEachName(in: Self.directory) { name throws(Errno) in names.append(name.bytes) }
    var uploads: [Upload] = []
    for name in names {
      let id = UploadID(String(decoding: name, as: UTF8.self))
      if let upload = try find(id) { uploads.append(upload) }
    }
    return uploads
  }

  /// The description goes first: without it the upload is gone, whatever is left of it.
  func remove(_ upload: Upload) throws(Errno) {
    try root.remove(upload.path + [Self.description])
    var names: [[UInt8]] = []
    do throws(Errno) {
      try root.forEachName(in: upload.path) { name throws(Errno) in names.append(name.bytes) }
    } catch {
      guard error.isMissingFile else { throw error }
    }
    for name in names { try root.remove(upload.path + [name]) }
    _ = try root.removeDirectory(upload.path)
  }

  // MARK: Parts

  static func partName(_ number: Int, _ etag: ETag) -> [UInt8] {
    Array("\(number).\(etag.text)".utf8)
  }

  /// In the order of their numbers.
  func parts(of upload: Upload) throws(Errno) -> [UploadedPart] {
    var parts: [UploadedPart] = []
    try root.forEachName(in: upload.path) { name throws(Errno) in
      let words = name.bytes.split(separator: UInt8(ascii: "."), maxSplits: 1)
        .map { String(decoding: $0, as: UTF8.self) }
      guard words.count == 2, let number = Int(words[0]),
        let status = try root.status(upload.path + [name.bytes])
      else { return }
      parts.append(UploadedPart(number: number, etag: ETag(words[1]), size: status.size))
    }
    return parts.sorted { $0.number < $1.number }
  }

  /// Adds a part and removes the one of the same number.
  func add(
    _ part: UploadedPart, to upload: Upload, through temporary: inout StoreTemporary
  ) throws(Errno) {
    let replaced = try parts(of: upload).filter { $0.number == part.number }
    try temporary.file.synchronize()
    try temporary.move(to: upload.path + [Self.partName(part.number, part.etag)])
    for old in replaced {
      try root.remove(upload.path + [Self.partName(old.number, old.etag)])
    }
    try root.synchronizeDirectory(upload.path)
  }
}
