@testable import MediaFSCatalog
import MediaFSCore
@testable import MediaFSEngine
import SystemPackage
import Testing

/// A directory may be as large as a listing that was taken in over years.
@Suite struct LargeDirectoryTests {
  private static let count = 1_000_000

  /// Entries as a listing would have made them, without listing a million objects.
  private func fill(_ fs: TestVolume, _ directory: InodeNumber) throws {
    try fs.volume.context.catalog.commit()
    try fs.volume.context.catalog.connections.write { database in
      try database.execute(
        """
        CREATE TEMP TABLE number AS WITH RECURSIVE n (i) AS (
          SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(Self.count)) SELECT i FROM n;
        INSERT INTO inode (kind, permissions, uid, gid, links, accessed, modified, changed,
          attributes_known) SELECT 8, 420, 0, 0, 1, i, i, i, 1 FROM number;
        INSERT INTO entry (parent, name, inode)
          SELECT \(directory.value), 'f' || i,
            (SELECT max(id) FROM inode) - \(Self.count) + i FROM number;
        DROP TABLE number;
        """)
    }
  }

  @Test func aMillionEntriesAreReadOnceEachWhileOthersComeAndGo() async throws {
    let fs = try TestVolume { $0.uploadEnabled = false }
    try await fs.makeDirectory("d")
    let directory = try await fs.inode("d")
    try fill(fs, directory)
    let handle = try await fs.volume.openDirectory(directory).handle
    defer { fs.volume.releaseDirectory(handle) }
    var seen: Set<String> = []
    var repeated: [String] = []
    var offset: Int64 = 0
    var round = 0
    while true {
      var taken = 0
      try fs.volume.readDirectory(handle, after: offset) { entry in
        guard taken < 10_000 else { return false }
        if !seen.insert(entry.name).inserted { repeated.append(entry.name) }
        offset = entry.nextOffset
        taken += 1
        return true
      }
      if taken == 0 { break }
      round += 1
      // One of those behind and one of those ahead goes, and a new one comes.
      for name in ["f\(round)", "f\(Self.count - round)"] where seen.count < Self.count / 2 {
        try await fs.volume.unlink(TestVolume.name(name), in: directory)
      }
      if round < 50 { try await fs.write("d/new \(round)", [1]) }
    }
    #expect(repeated.isEmpty)
    let stayed = (100...Self.count - 100).count(where: { seen.contains("f\($0)") })
    #expect(stayed == Self.count - 199)
    #expect(try await fs.attributes("d/f500000").inode.value > 1)
  }
}
