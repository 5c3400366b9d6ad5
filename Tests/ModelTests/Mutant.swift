import MediaFSTesting
import ObjectStorage
import Testing

/// A fault that somebody might make one day, put in from outside: what the catalog remembers is
/// changed by a trigger, what the store or the disk says by who passes it on.
///
/// The simulation is worth as much as it finds of these.
enum Mutant: String, CaseIterable, Sendable, CustomTestStringConvertible {
  // The journal.
  case repliesComeBeforeTheJournal
  case changesAreNotQueued
  case olderVersionCommits
  case expansionIsForgotten
  // Content files.
  case writingLeavesNoMark
  case extentsComeBeforeTheirBytes
  case changedBlocksAreForgotten
  case holesAreForgotten
  case removalIsForgotten
  // Checksums.
  case sumsAreNotCompared
  case sumsOutliveTheirBytes
  // Power cuts.
  case contentsAreNotSynchronized
  case logIsNotSynchronized
  case unsyncedIsBelieved
  case cutsAreNotNoticed
  // The store.
  case writesAreNotExpected
  case deletesAreNotRecorded
  case deletesAreDoneTooEarly
  case uploadsAreNotAbandoned
  case aliasesAreForgotten
  case unreachableIsMissing
  case missingIsUnreachable
  // Others who write the same.
  case conditionsAreNotSent
  case deletedIsTakenForSeen
  case conflictCopiesAreForgotten

  var testDescription: String { rawValue }

  /// How many worlds it may take until one of them shows it.
  static let patience: UInt64 = 200

  /// It shows where several write the same names.
  var isOfSharing: Bool {
    switch self {
    case .conditionsAreNotSent, .deletedIsTakenForSeen, .conflictCopiesAreForgotten: true
    default: false
    }
  }

  /// What happens to a row behind the catalog's back.
  var trigger: String? {
    switch self {
    case .changesAreNotQueued:
      "AFTER INSERT ON journal WHEN NEW.inode % 3 = 0 BEGIN \(Self.delete("journal", "inode")) END"
    case .olderVersionCommits:
      """
      AFTER UPDATE OF committed_version ON inode WHEN NEW.committed_version < NEW.version
      BEGIN UPDATE inode SET committed_version = version WHERE id = NEW.id; END
      """
    case .expansionIsForgotten:
      """
      AFTER INSERT ON journal WHEN NEW.deep > 0
      BEGIN UPDATE journal SET deep = 0, source = NULL WHERE inode = NEW.inode; END
      """
    case .writingLeavesNoMark:
      """
      AFTER UPDATE OF writing ON inode WHEN NEW.writing
      BEGIN UPDATE inode SET writing = 0 WHERE id = NEW.id; END
      """
    case .extentsComeBeforeTheirBytes:
      """
      AFTER INSERT ON extent BEGIN UPDATE extent SET end = end + 100
      WHERE content = NEW.content AND start = NEW.start; END
      """
    case .changedBlocksAreForgotten: Self.ignore("change")
    case .holesAreForgotten: Self.ignore("hole")
    case .sumsOutliveTheirBytes:
      """
      AFTER UPDATE OF sums ON extent WHEN OLD.sums IS NOT NULL AND NEW.sums IS NULL
      BEGIN UPDATE extent SET sums = OLD.sums
      WHERE content = NEW.content AND start = NEW.start; END
      """
    case .removalIsForgotten:
      """
      AFTER UPDATE OF inode ON content WHEN NEW.inode = 0
      BEGIN \(Self.delete("content", "id")) END
      """
    case .writesAreNotExpected: Self.ignore("tombstone", when: "NEW.sent != ''")
    case .deletesAreNotRecorded: Self.ignore("tombstone", when: "NEW.sent = ''")
    case .deletesAreDoneTooEarly:
      "AFTER INSERT ON tombstone BEGIN UPDATE tombstone SET done = since WHERE key = NEW.key; END"
    case .unsyncedIsBelieved: Self.ignore("unsynced")
    case .uploadsAreNotAbandoned: Self.ignore("abandoned")
    case .aliasesAreForgotten: Self.ignore("alias")
    case .deletedIsTakenForSeen:
      """
      AFTER INSERT ON tombstone WHEN NEW.etag IS NOT NULL
      BEGIN UPDATE tombstone SET seen = since WHERE key = NEW.key; END
      """
    case .conflictCopiesAreForgotten:
      """
      AFTER UPDATE OF name ON entry WHEN NEW.name LIKE '%(conflict %'
      BEGIN \(Self.delete("entry", "id")) END
      """
    case .conditionsAreNotSent, .repliesComeBeforeTheJournal, .unreachableIsMissing,
      .missingIsUnreachable, .contentsAreNotSynchronized, .logIsNotSynchronized,
      .cutsAreNotNoticed, .sumsAreNotCompared:
      nil
    }
  }

  private static func ignore(_ table: String, when condition: String = "1") -> String {
    "BEFORE INSERT ON \(table) WHEN \(condition) BEGIN SELECT RAISE(IGNORE); END"
  }

  private static func delete(_ table: String, _ key: String) -> String {
    "DELETE FROM \(table) WHERE \(key) = NEW.\(key);"
  }

  /// Who dies of a commit had answered before: what was under way counts as done.
  var repliesEarly: Bool { self == .repliesComeBeforeTheJournal }

  /// What the disk has changed is taken for what it was.
  var ignoresSums: Bool { self == .sumsAreNotCompared }

  /// What is not synchronized although it was asked for.
  var forgets: (contents: Bool, log: Bool) {
    switch self {
    case .contentsAreNotSynchronized: (true, false)
    case .logIsNotSynchronized: (false, true)
    default: (false, false)
    }
  }

  /// Has it live where it can show.
  func choose(_ settings: inout Settings) {
    switch self {
    case .unreachableIsMissing:
      // Who waits for an upload that fails is told so.
      (settings.isCalm, settings.uploadSynchronous) = (false, false)
    case .changedBlocksAreForgotten:
      // Files of several blocks, changed and not sent before the process dies.
      (settings.scale, settings.cacheSize) = (2_500_000, 1 << 30)
      (settings.uploadDelay, settings.uploadMaximumDelay) = (.seconds(10), .seconds(600))
    case .uploadsAreNotAbandoned:
      (settings.scale, settings.cacheSize) = (300_000, 1 << 30)
    case .deletedIsTakenForSeen:
      // What is deleted is old news, and nobody looks before.
      (settings.checksDeletes, settings.deleteDelay) = (false, .zero)
      settings.metadataTTL = .seconds(60)
    default: break
    }
  }

  /// What is sent of a condition. Not of the probe, which would find it out.
  func asked(_ key: ObjectKey, _ condition: WriteCondition) -> WriteCondition {
    let isProbe = key.hasPrefix(Settings.prefix + ".mediafs/")
    return self == .conditionsAreNotSent && !isProbe ? .none : condition
  }

  /// What the store is taken to have said.
  func told(_ error: ObjectStoreError) -> ObjectStoreError {
    switch (self, error.kind) {
    case (.unreachableIsMissing, .unavailable):
      ObjectStoreError(.notFound, code: "NoSuchKey", message: "It is not there")
    case (.missingIsUnreachable, .notFound): .serverError
    default: error
    }
  }
}

/// A deliberately broken volume is found out.
@Suite struct MutantTests {
  @Test(arguments: Mutant.allCases) func aMutantIsCaught(_ mutant: Mutant) async {
    let caught = await Worlds.failures(of: 1...Mutant.patience, limit: 1) { seed, directory in
      mutant.isOfSharing
        ? SharingTests.failure(of: seed, mutant: mutant, in: directory)
        : Scenario(seed: seed, mutant: mutant).run(in: directory).failure
    }
    #expect(!caught.isEmpty, "nothing shows in \(Mutant.patience) worlds")
    if TestEnvironment.inherited["MEDIAFS_TRACE"] != nil {
      print("\(mutant): \(caught.map { "seed \($0.seed): \($0.text)" })")
    }
  }
}
