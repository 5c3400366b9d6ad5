import MediaFSEngine

/// The status of a mount for people.
struct StatusText {
  /// Parked items that are listed; `--json` has more.
  private static let listedItems = 10
  private static let labelWidth = 13

  private let status: VolumeStatus

  init(_ status: VolumeStatus) {
    self.status = status
  }

  var text: String {
    ([heading] + content + [cache, passthrough] + damage + queues + [requests] + conflicts
      + violations
      + quarantine + parked).joined(separator: "\n") + "\n"
  }

  private var heading: String {
    var state = status.offline.map { "offline: \($0)" } ?? "online"
    if status.paused { state += ", uploads paused" }
    return Self.printable("\(status.mountpoint)  \(status.source)  \(state)")
  }

  private var content: [String] {
    let rows = [
      ("total", status.total), ("local", status.local), ("dirty", status.dirty),
      ("remote only", status.remoteOnly),
    ]
    let width = rows.map { Self.grouped($0.1.files).count }.max() ?? 0
    return rows.map { name, count in
      let files = Self.grouped(count.files)
      let indent = String(repeating: " ", count: width - files.count)
      let noun = count.files == 1 ? "file,  " : "files, "
      return Self.row(name, indent + files + " \(noun)" + SizeText.approximate(count.bytes))
    }
  }

  private var cache: String {
    let cache = status.cache
    let share = cache.limit > 0 ? Int(Double(cache.bytes) / Double(cache.limit) * 100) : 0
    let asked = cache.hits + cache.misses
    var text = "\(SizeText.approximate(cache.bytes)) of \(SizeText.approximate(cache.limit))"
    text += " (\(share)%)"
    if asked > 0 { text += ", \(Int(Double(cache.hits) / Double(asked) * 100))% of reads hit" }
    if cache.evictions > 0 { text += ", \(Self.grouped(cache.evictions)) evictions" }
    if let reason = cache.full { text += ", full: \(reason)" }
    return Self.row("cache", text)
  }

  private var passthrough: String {
    let passthrough = status.passthrough
    let count = Self.grouped(passthrough.files)
    let text =
      passthrough.obstacle.map { "off: \($0)" }
      ?? "\(count) open files, \(SizeText.approximate(passthrough.bytes))"
    return Self.row("passthrough", text)
  }

  private var damage: [String] {
    guard status.cache.damaged > 0 else { return [] }
    let count = Self.grouped(status.cache.damaged)
    return [Self.row("damaged", "\(count) cached blocks, dropped: the cache disk is failing")]
  }

  private var queues: [String] {
    [("uploads", status.uploads), ("downloads", status.downloads), ("deletes", status.deletes)]
      .flatMap { name, queue in
        var rows = [Self.row(name, Self.describe(queue))]
        if let error = queue.lastError {
          rows.append(Self.row("", "last error: \(Self.printable(error))"))
        }
        return rows
      }
  }

  private static func describe(_ queue: VolumeStatus.Queue) -> String {
    var parts: [String] = []
    if queue.waiting.files > 0 {
      let size = SizeText.approximate(queue.waiting.bytes)
      parts.append("\(grouped(queue.waiting.files)) waiting (\(size))")
    }
    if queue.active > 0 { parts.append("\(grouped(queue.active)) active") }
    if let age = queue.oldestAge { parts.append("oldest \(duration(age))") }
    if queue.retries > 0 { parts.append("\(grouped(queue.retries)) retries") }
    return parts.isEmpty ? "idle" : parts.joined(separator: ", ")
  }

  private var requests: String {
    let counts = status.requests.sorted { $0.key < $1.key }
    let text = counts.map { "\($0.key) \(Self.grouped($0.value))" }.joined(separator: ", ")
    return Self.row("requests", text.isEmpty ? "none" : text)
  }

  private var conflicts: [String] {
    guard status.conflicts > 0 else { return [] }
    return [Self.row("conflicts", "\(Self.grouped(status.conflicts)), both versions were kept")]
  }

  private var violations: [String] {
    guard status.violations > 0 else { return [] }
    return [Self.row("faults", "\(Self.grouped(status.violations)): the log says which")]
  }

  private var quarantine: [String] {
    let count = status.quarantine
    guard count.files > 0 else { return [] }
    let noun = count.files == 1 ? "file" : "files"
    let text = "\(Self.grouped(count.files)) \(noun), \(SizeText.approximate(count.bytes))"
    return [Self.row("quarantine", text + ", in the cache directory; the log says why")]
  }

  private var parked: [String] {
    guard !status.parked.isEmpty else { return [Self.row("parked", "none")] }
    let shown = status.parked.prefix(Self.listedItems)
    let count = Self.grouped(status.parked.count)
    var rows = [Self.row("parked", "\(count), refused by the store; see mediafs retry")]
    rows += shown.map { Self.row("", Self.printable("\($0.path): \($0.error)")) }
    let rest = status.parked.count - shown.count
    if rest > 0 { rows.append(Self.row("", "and \(Self.grouped(rest)) more")) }
    return rows
  }
}

extension StatusText {
  private static func row(_ label: String, _ text: String) -> String {
    let padding = String(repeating: " ", count: max(1, labelWidth - label.count))
    return "  \(label)\(padding)\(text)"
  }

  /// 1234567 as `1,234,567`.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return number < 0 ? "-\(text)" : text
  }

  /// Seconds, as the two largest units of a duration.
  static func duration(_ seconds: Double) -> String {
    let whole = Int64(min(max(0, seconds.rounded(.down)), 1e9))
    let step: Int64 = whole >= 604_800 ? 86_400 : whole >= 86_400 ? 3_600 : whole >= 3_600 ? 60 : 1
    let text = DurationText.format(.seconds(whole / step * step))
    return text == "0" ? "0s" : text
  }

  /// A name from the bucket must not move the cursor of a terminal.
  static func printable(_ text: String) -> String {
    let hasControl = text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    return hasControl ? text.debugDescription : text
  }
}
