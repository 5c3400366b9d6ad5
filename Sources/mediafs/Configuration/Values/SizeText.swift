/// Sizes as people write them: `4096 64KiB 10GB 10GiB`, in bytes.
///
/// `KB MB GB TB PB` are powers of 1,000 and `KiB MiB GiB TiB PiB` of 1,024. A bare `K M G T P`
/// means the latter, as in `df`, `dd` and `truncate`.
enum SizeText {
  private static let prefixes = ["k", "m", "g", "t", "p"]

  /// `nil` when `text` is no size, or more bytes than 63 bits hold.
  static func parse(_ text: String) -> Int64? {
    let digits = text.prefix(while: \.isASCIIDigit)
    guard let number = Int64(digits),
      let scale = scale(of: text.dropFirst(digits.count).lowercased())
    else { return nil }
    let (size, overflow) = number.multipliedReportingOverflow(by: scale)
    return overflow ? nil : size
  }

  private static func scale(of unit: String) -> Int64? {
    if unit.isEmpty || unit == "b" { return 1 }
    guard let index = prefixes.firstIndex(of: String(unit.prefix(1))) else { return nil }
    switch unit.dropFirst() {
    case "", "ib": return 1 << (10 * Int64(index + 1))
    case "b": return (0...index).reduce(1) { scale, _ in scale * 1_000 }
    default: return nil
    }
  }

  /// The exact size in the largest unit that leaves no fraction.
  static func format(_ size: Int64) -> String {
    let names = prefixes.map { $0.uppercased() }
    for (index, name) in names.enumerated().reversed() {
      let binary: Int64 = 1 << (10 * Int64(index + 1))
      if size >= binary, size.isMultiple(of: binary) { return "\(size / binary)\(name)iB" }
    }
    return String(size)
  }

  /// A size for people: three significant digits in binary units, such as `1.46 GiB`.
  static func approximate(_ size: Int64) -> String {
    guard size >= 1_024 else { return "\(size) B" }
    var tenths = Double(size)
    var index = -1
    while tenths >= 1_023.5, index < prefixes.count - 1 {
      tenths /= 1_024
      index += 1
    }
    return "\(threeDigits(tenths)) \(prefixes[index].uppercased())iB"
  }

  private static func threeDigits(_ value: Double) -> String {
    let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    let scale = [1.0, 10, 100][decimals]
    let scaled = Int64((value * scale).rounded())
    guard decimals > 0 else { return String(scaled) }
    let fraction = String(scaled % Int64(scale))
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(scaled / Int64(scale)).\(zeros)\(fraction)"
  }
}
