import Logging
import MediaFSCache
import MediaFSCatalog
import MediaFSCore
import ObjectStorage
import Synchronization
import SystemPackage

/// Looks whether what always holds does hold: at the start, behind the mount, and then hourly.
///
/// Nothing here mends what it does not understand. What it finds is logged with cause and cure,
/// and counted in the status of the mount.
struct Inspector: Sendable {
  private static let interval: Duration = .seconds(3_600)
  /// Inodes looked at in one go: some milliseconds on the disk.
  private static let page = 500
  /// The inspection of a million files then takes about two minutes, and a tenth of one core.
  private static let pause: Duration = .milliseconds(50)
  /// Violations that are logged each; of more, the number is.
  private static let logged = 100

  let context: VolumeContext

  /// Until it is cancelled.
  func run() async {
    context.space.count()
    while !Task.isCancelled {
      var walk = Walk()
      var found: [Violation] = []
      do throws(CatalogError) {
        while let violations = try next(&walk) {
          found += violations
          await context.environment.sleep(Self.pause)
          if Task.isCancelled { return }
        }
        report(found)
      } catch {
        context.log.error("The catalog was not inspected: \(error)")
      }
      await context.environment.sleep(Self.interval)
    }
  }

  /// All of it in one go.
  func violations() throws(CatalogError) -> [Violation] {
    var walk = Walk()
    var found: [Violation] = []
    while let violations = try next(&walk) { found += violations }
    return found
  }

  private func report(_ found: [Violation]) {
    context.statistics.violations.withLock { $0 = found.count }
    for violation in found.prefix(Self.logged) {
      context.log.error(
        "\(violation.rule.rawValue): \(violation.subject)",
        metadata: ["cause": "\(violation.rule.cause)", "cure": "\(violation.rule.cure)"])
    }
    if found.count > Self.logged {
      context.log.error("\(found.count) rules in all are broken")
    }
  }

  // MARK: Pages

  /// How far an inspection is.
  struct Walk {
    fileprivate enum Part {
      case inodes, journal, names, contents, sums, keys, usage
    }

    fileprivate var parts: [Part] = [.inodes, .journal, .names, .contents, .sums, .keys, .usage]
    fileprivate var start: Int64 = 0
    fileprivate var usage: Int64 = 0
    /// The account when the sum was begun; `nil` while bytes were on their way.
    fileprivate var account: Int64?
    /// How much too much the account held, when it was compared for the first time.
    fileprivate var excess: Int64?
  }

  /// What the next page shows; `nil` at the end.
  func next(_ walk: inout Walk) throws(CatalogError) -> [Violation]? {
    guard let part = walk.parts.first else { return nil }
    if part == .inodes, walk.start == 0 {
      walk.usage = 0
      walk.account = context.space.fetchCount == 0 ? context.space.account.used : nil
    }
    let page: InspectedPage
    let (catalog, start) = (context.catalog, walk.start)
    switch part {
    case .inodes: page = try inspectInodes(&walk)
    case .journal: page = try catalog.inspectJournal(from: start, limit: Self.page)
    case .names: page = try catalog.inspectNames(from: start, limit: Self.page)
    case .contents: page = try catalog.inspectContents(from: start, limit: Self.page)
    case .sums: page = try catalog.inspectSums(from: start, limit: Self.page)
    case .keys:
      page = InspectedPage(
        violations: try catalog.inspectKeys(
          prefix: context.keySpace.prefix, limit: Self.logged))
    case .usage: page = InspectedPage(violations: inspectUsage(&walk))
    }
    walk.start = page.next ?? 0
    if page.next == nil { walk.parts.removeFirst() }
    return page.violations
  }

  private func inspectInodes(_ walk: inout Walk) throws(CatalogError) -> InspectedPage {
    var page = try context.catalog.inspectInodes(from: walk.start, limit: Self.page)
    if !page.strays.isEmpty { _ = try context.catalog.enqueueStrays(at: context.environment.now()) }
    for held in page.held {
      if let rule = brokenRule(of: held), try isStillSo(held), brokenRule(of: held) == rule {
        let record = held.record
        page.violations.append(
          Violation(rule, "inode \(record.number), content file \(record.content)"))
      }
      if let content = context.registry.current(held.record.number),
        content.number == held.record.content
      {
        // It knows better than its row.
        page.usage += content.residentBytes - held.bytes
      }
    }
    walk.usage += page.usage
    // Only the sum was to be looked at once more.
    if walk.excess != nil { page.violations = [] }
    return page
  }

  /// Rows change before bytes go, and after they have come: what is missing from a content file
  /// whose row did not change meanwhile is missing.
  private func isStillSo(_ held: HeldContent) throws(CatalogError) -> Bool {
    try context.catalog.inode(held.record.number) == held.record
  }

  /// What a content file lacks.
  private func brokenRule(of held: HeldContent) -> Violation.Rule? {
    let record = held.record
    // Its content file knows better, until it is settled.
    guard !record.isWriting, record.linkCount > 0 else { return nil }
    let size: Int64
    do throws(Errno) {
      size = try context.disk.status(of: record.content)?.size ?? 0
    } catch {
      // What cannot be told is no violation.
      return nil
    }
    let isOnlyHere = record.isContentDirty || record.baseSize < record.size
    if isOnlyHere { return size < record.size ? .lostBytes : nil }
    return size < held.extentEnd ? .extentWithoutBytes : nil
  }

  /// The account can be compared when nothing was read, written or fetched since the beginning.
  /// Bytes may have gone here and come there meanwhile: what is found has to be found twice.
  private func inspectUsage(_ walk: inout Walk) -> [Violation] {
    let account = context.space.account
    let used = account.used
    guard used == walk.account, context.space.fetchCount == 0, used != walk.usage else {
      return []
    }
    let excess = used - walk.usage
    guard walk.excess == excess else {
      if walk.excess == nil { walk.parts += [.inodes, .usage] }
      walk.excess = excess
      return []
    }
    account.release(excess)
    return [Violation(.wrongUsage, "\(used) bytes instead of \(walk.usage)")]
  }
}
