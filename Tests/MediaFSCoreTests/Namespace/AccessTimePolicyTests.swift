import MediaFSCore
import ObjectStorage
import Testing

@Suite struct AccessTimePolicyTests {
  private func attributes(
    _ kind: FileKind = .regular, accessed: Int64, modified: Int64, changed: Int64
  ) -> FileAttributes {
    FileAttributes(
      inode: InodeNumber(2), generation: 1, kind: kind, permissions: 0o644,
      owner: Owner(user: 0, group: 0), linkCount: 1, size: 0, blocks: 0,
      accessed: Timestamp(seconds: accessed), modified: Timestamp(seconds: modified),
      changed: Timestamp(seconds: changed), device: 0)
  }

  private func isOutdated(
    _ options: [String], _ attributes: FileAttributes, now: Int64 = 1_000
  ) -> Bool {
    AccessTimePolicy(mountOptions: options)
      .isOutdated(attributes, at: Timestamp(seconds: now))
  }

  @Test func relatimeNotesTheFirstReadAfterAChangeAndOneADay() {
    #expect(isOutdated([], attributes(accessed: 10, modified: 10, changed: 10)))
    #expect(isOutdated([], attributes(accessed: 10, modified: 11, changed: 5)))
    #expect(isOutdated([], attributes(accessed: 10, modified: 5, changed: 11)))
    let read = attributes(accessed: 12, modified: 11, changed: 11)
    #expect(!isOutdated([], read))
    #expect(!isOutdated([], read, now: 86_411))
    #expect(isOutdated([], read, now: 86_412))
  }

  @Test func theLastOptionCounts() {
    let changed = attributes(accessed: 10, modified: 11, changed: 11)
    let read = attributes(accessed: 12, modified: 11, changed: 11)
    #expect(!isOutdated(["noatime"], changed))
    #expect(isOutdated(["noatime", "nosuid", "relatime"], changed))
    #expect(isOutdated(["strictatime"], read))
    #expect(!isOutdated(["strictatime", "noatime"], read))
  }

  @Test func directoriesCanBeLeftOut() {
    let directory = attributes(.directory, accessed: 10, modified: 11, changed: 11)
    #expect(isOutdated([], directory))
    #expect(!isOutdated(["nodiratime"], directory))
    #expect(isOutdated(["nodiratime"], attributes(accessed: 10, modified: 11, changed: 11)))
  }
}
