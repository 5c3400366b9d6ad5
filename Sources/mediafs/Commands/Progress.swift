import MediaFSEngine

/// How far a flush is: a bar on a terminal, now and then a line elsewhere.
struct Progress {
  enum Style {
    case bar
    case lines
    case silent

    /// - Parameter isWanted: false for `--no-progress`.
    init(isWanted: Bool, isTerminal: Bool) {
      self = !isWanted ? .silent : isTerminal ? .bar : .lines
    }
  }

  private static let barWidth = 30

  private let style: Style
  /// The most that was ever left: the queue may grow while it is watched.
  private var total = VolumeStatus.Count()
  private var lastTenth = -1

  init(_ style: Style) {
    self.style = style
  }

  /// What to print now that so much is left; `nil` for nothing.
  mutating func update(left: VolumeStatus.Count) -> String? {
    total.files = max(total.files, left.files)
    total.bytes = max(total.bytes, left.bytes)
    switch style {
    case .silent: return nil
    case .bar: return "\r\u{1B}[K" + bar(left)
    case .lines:
      let tenth = Int(fraction(left) * 10)
      guard tenth != lastTenth else { return nil }
      lastTenth = tenth
      return "\(percent(left)) uploaded, \(Self.describe(left)) left\n"
    }
  }

  /// What to print at the end.
  func end() -> String {
    style == .bar && total.files > 0 ? "\n" : ""
  }

  static func describe(_ count: VolumeStatus.Count) -> String {
    "\(count.files) \(count.files == 1 ? "file" : "files") (\(SizeText.approximate(count.bytes)))"
  }

  private func bar(_ left: VolumeStatus.Count) -> String {
    let filled = Int(fraction(left) * Double(Self.barWidth))
    let hashes = String(repeating: "#", count: filled)
    let dots = String(repeating: ".", count: Self.barWidth - filled)
    return "[\(hashes)\(dots)] \(percent(left))  \(Self.describe(left)) left"
  }

  private func percent(_ left: VolumeStatus.Count) -> String {
    "\(Int(fraction(left) * 100))%"
  }

  /// Of the bytes, or of the files where those are all empty.
  private func fraction(_ left: VolumeStatus.Count) -> Double {
    if total.bytes > 0 { return 1 - Double(max(0, left.bytes)) / Double(total.bytes) }
    return total.files > 0 ? 1 - Double(max(0, left.files)) / Double(total.files) : 1
  }
}
