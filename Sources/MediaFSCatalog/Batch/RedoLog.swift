import ObjectStorage
import PosixIO
import SystemPackage

/// A file with the operations of a transaction that is still open, in their order: what a process
/// that dies before it commits them has to do once more.
///
/// It is in the page cache, and so outlives the process. After a power cut its beginning may be
/// there, or all of it, or what stood there before; a checksum, the name of the transaction and a
/// count tell which. Its room is taken beforehand, so that no disk is too full for it.
struct RedoLog: Sendable {
  /// In bytes: room for more than a thousand operations, of two to four KiB each.
  static let capacity = 4 << 20
  /// Checksum and length of what follows, name of the transaction, count within it.
  private static let headerLength = 4 + 8 + 8 + 8

  private let file: SharedDescriptor
  private var batch: Int64 = 0
  private var count: Int64 = 0
  private var end = 0

  /// - Throws: also where there is no room for it.
  init(_ path: FilePath) throws(Errno) {
    file = try SharedDescriptor(
      opening: path, .readWrite, options: [.create, .noFollow], permissions: .ownerReadWrite)
    try file.reserveSpace(0..<Int64(Self.capacity))
  }

  /// For its records only, whatever room there is.
  init(reading path: FilePath) throws(Errno) {
    file = try SharedDescriptor(opening: path, .readOnly, options: .noFollow)
  }

  /// The records that are appended from now on are of the transaction `batch`; those of the one
  /// before are committed.
  mutating func begin(_ batch: Int64) {
    (self.batch, count, end) = (batch, 0, 0)
  }

  /// The transaction goes on that has these records.
  mutating func resume(_ batch: Int64, behind records: [[UInt8]]) {
    begin(batch)
    count = Int64(records.count)
    end = records.reduce(0) { $0 + Self.headerLength + $1.count }
  }

  /// Returns false where the record does not fit.
  mutating func append(_ record: [UInt8]) throws(Errno) -> Bool {
    let bytes = Self.framed(record, batch, count)
    guard end + bytes.count <= Self.capacity else { return false }
    try file.write(bytes, at: Int64(end))
    end += bytes.count
    count += 1
    return true
  }

  /// The records of the transaction `batch`, up to the first that is not all there.
  func records(of batch: Int64) throws(Errno) -> [[UInt8]] {
    var records: [[UInt8]] = []
    var place: Int64 = 0
    while let record = try record(at: place, batch, Int64(records.count)) {
      records.append(record)
      place += Int64(Self.headerLength + record.count)
    }
    return records
  }

  private func record(
    at place: Int64, _ batch: Int64, _ count: Int64
  ) throws(Errno) -> [UInt8]? {
    let header = try file.read(count: Self.headerLength, at: place)
    guard header.count == Self.headerLength else { return nil }
    func number(_ bytes: Range<Int>) -> UInt64 {
      header[bytes].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard let length = Int(exactly: number(4..<12)), length <= Self.capacity,
      number(12..<20) == UInt64(bitPattern: batch), number(20..<28) == UInt64(bitPattern: count)
    else { return nil }
    let record = try file.read(count: length, at: place + Int64(Self.headerLength))
    guard record.count == length, Self.sum(header, record) == number(0..<4) else { return nil }
    return record
  }

  private static func framed(_ record: [UInt8], _ batch: Int64, _ count: Int64) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0]
    bytes.reserveCapacity(headerLength + record.count)
    for number in [Int64(record.count), batch, count] {
      unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
    let sum = Self.sum(bytes, record)
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
    bytes.append(contentsOf: record)
    return bytes
  }

  /// Of all but the place of the checksum itself.
  private static func sum(_ header: [UInt8], _ record: [UInt8]) -> UInt64 {
    var sum = Checksum(.crc32c)
    sum.update(Array(header.dropFirst(4)))
    sum.update(record)
    return sum.result.value
  }
}
