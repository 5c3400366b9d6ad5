import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Testing

@Suite struct UploadTests {
  private let test: TestCatalog

  init() throws {
    test = try TestCatalog()
  }

  private func begin(_ id: String, version: Int64 = 2) throws -> UploadRecord {
    let upload = UploadRecord(
      inode: try test.record("f").number, key: ObjectKey("f"), upload: UploadID(id),
      version: version, layout: "8388608")
    #expect(try test.catalog.begin(upload))
    return upload
  }

  private func part(_ number: Int, _ etag: String = "p") -> UploadedPart {
    UploadedPart(number: number, etag: ETag(etag), size: Int64(number) * 100)
  }

  @Test func goesOnAfterACrashWithThePartsThatAreThere() throws {
    try test.make("f")
    let upload = try begin("u1")
    for number in [3, 1, 2] { try test.catalog.record(part(number), of: upload) }
    try test.catalog.record(part(2, "again"), of: upload)
    try test.reopen()
    let (record, parts) = try #require(try test.catalog.upload(of: upload.inode))
    #expect(record == upload)
    #expect(parts == [part(1), part(2, "again"), part(3)])
    #expect(try test.catalog.knownUploads() == [UploadID("u1")])
  }

  @Test(arguments: ChecksumAlgorithm.allCases)
  func checksumsOutliveACrash(_ algorithm: ChecksumAlgorithm) throws {
    try test.make("f")
    let upload = UploadRecord(
      inode: try test.record("f").number, key: ObjectKey("f"),
      upload: UploadID("u1", checksum: algorithm), version: 2, layout: "8388608")
    #expect(try test.catalog.begin(upload))
    var known = part(1)
    known.checksum = ObjectChecksum(algorithm, 0xFEDC_BA98 << UInt64(algorithm.width - 32))
    for part in [known, part(2)] { try test.catalog.record(part, of: upload) }
    try test.reopen()
    let (record, parts) = try #require(try test.catalog.upload(of: upload.inode))
    #expect(record.upload.checksum == algorithm)
    #expect(parts == [known, part(2)])
  }

  @Test func beginningAnewForgetsTheOldParts() throws {
    try test.make("f")
    try test.catalog.record(part(1), of: begin("u1"))
    let second = try begin("u2", version: 3)
    let (record, parts) = try #require(try test.catalog.upload(of: second.inode))
    #expect(record == second && parts.isEmpty)
    #expect(try test.catalog.knownUploads() == [UploadID("u2")])
  }

  enum End: CaseIterable {
    case ended, committed, unlinked
  }

  @Test(arguments: End.allCases)
  func nothingIsLeftAtTheEnd(end: End) throws {
    try test.make("f")
    let seen = try test.write("f", size: 5)
    let upload = try begin("u1")
    try test.catalog.record(part(1), of: upload)
    switch end {
    case .ended: try test.catalog.endUpload(of: upload.inode)
    case .committed: try test.commit(seen, at: "f")
    case .unlinked: try test.unlink("f")
    }
    #expect(try test.catalog.upload(of: upload.inode) == nil)
    #expect(try test.catalog.knownUploads().isEmpty)
    // Nor do its parts turn up in another upload.
    guard try test.catalog.begin(upload) else { return #expect(end == .unlinked) }
    #expect(try test.catalog.upload(of: upload.inode)?.parts.isEmpty == true)
  }

  @Test(arguments: [false, true])
  func theUploadOfADeletedFileIsAbandoned(isOpen: Bool) throws {
    let file = try test.make("f")
    if isOpen { test.open = [file.number] }
    let upload = UploadRecord(
      inode: file.number, key: ObjectKey("f"), upload: UploadID("u1"), version: 2, layout: "")
    let isOnlyOne = try test.catalog.willBeginUpload(of: file.number, at: upload.key)
    try test.unlink("f")
    #expect(try !test.catalog.begin(upload, isOnlyOne: isOnlyOne))
    #expect(try test.catalog.knownUploads().isEmpty)
    #expect(try test.catalog.abandonedUploads(limit: 9).map(\.upload) == [UploadID("u1")])
  }

  @Test func anOpenFileThatLosesItsNameAbandonsItsUpload() throws {
    let file = try test.make("f")
    test.open = [file.number]
    _ = try begin("u1")
    try test.unlink("f")
    #expect(try test.catalog.upload(of: file.number) == nil)
    #expect(try test.catalog.abandonedUploads(limit: 9).map(\.upload) == [UploadID("u1")])
  }

  @Test func aPartOfAnAbandonedUploadBelongsToNoOther() throws {
    try test.make("f")
    let first = try begin("u1")
    try test.catalog.abandonUpload(of: first.inode)
    let second = try begin("u2")
    try test.catalog.record(part(1), of: first)
    #expect(try test.catalog.upload(of: second.inode)?.parts.isEmpty == true)
  }
}
