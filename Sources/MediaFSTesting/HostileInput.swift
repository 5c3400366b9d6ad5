/// What a hostile store may send: valid input, damaged at random.
package struct HostileInput: Sendable {
  /// How many inputs a test tries; `make soak` multiplies them (`MEDIAFS_FUZZ`).
  private static let rounds =
    4_000 * (TestEnvironment.inherited["MEDIAFS_FUZZ"].flatMap { Int($0) } ?? 1)

  /// What parsers stumble over.
  private static let fragments: [[UInt8]] = [
    "<", ">", "&", ";", "&#", "&#x", "&#xFFFFFFFF;", "</", "/>", "\"", "'", "=", "<!", "<?", "]]>",
    "%", "%F", "%00", "%FF", "<a>", "</a>", "-1", "-", "/", "//", "..", ":", ",", ".", "{", "}",
    "\\", "\\u", "\\ud800", "99999999999999999999", "9223372036854775807", "18446744073709551616",
    "-9223372036854775808", "1e999", "\u{0}", "\u{1F600}", "\r\n", " ", "\t",
  ].map { Array($0.utf8) }

  private let originals: [[UInt8]]

  package init(_ originals: [String]) {
    self.originals = originals.map { Array($0.utf8) }
  }

  package init(bytes originals: [[UInt8]]) {
    self.originals = originals
  }

  /// Calls `body` with one damaged input after the other.
  ///
  /// - Parameter name: of what is tested; printed with the seed, which `MEDIAFS_SEED` sets.
  package func each(_ name: String, _ body: ([UInt8], inout SeededRandom) throws -> Void) rethrows {
    let seed =
      TestEnvironment.inherited["MEDIAFS_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: .min ... .max)
    print("\(name): hostile input of seed \(seed)")
    var random = SeededRandom(seed: seed)
    for _ in 0..<Self.rounds {
      var input = originals.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 0...4, using: &random) { Self.damage(&input, &random) }
      try body(input, &random)
    }
  }

  package static func damage(_ input: inout [UInt8], _ random: inout SeededRandom) {
    let place = Int.random(in: 0...input.count, using: &random)
    let end = min(input.count, place + Int.random(in: 0...12, using: &random))
    switch Int.random(in: 0..<7, using: &random) {
    case 0: input.removeSubrange(place...)
    case 1: input.removeSubrange(place..<end)
    case 2: input.insert(contentsOf: input[place..<end], at: place)
    case 3, 4: input.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: place)
    case 5: input.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
    default:
      guard place < input.count else { return }
      input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }
  }

  /// Any text, of up to `count` characters, some of which nobody expects.
  package static func text(_ count: Int, _ random: inout SeededRandom) -> String {
    let odd: [Unicode.Scalar] = ["%", "\\", "\"", " ", "\u{7F}", "\u{E9}", "\u{301}", "\u{1F600}"]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...count, using: &random) {
      let isOdd = Int.random(in: 0..<4, using: &random) == 0
      let letter = Unicode.Scalar(UInt8.random(in: 0x21...0x7E, using: &random))
      text.append(isOdd ? odd.randomElement(using: &random) ?? letter : letter)
    }
    return String(text)
  }
}
