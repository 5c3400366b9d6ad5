import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct MediaIndexTests {
  private static func box(_ type: String, _ length: UInt32, _ content: [UInt8] = []) -> [UInt8] {
    big(length) + type.utf8 + content
  }

  private static func big(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func little(_ number: UInt32) -> [UInt8] { big(number).reversed() }

  private static let fileType = box("ftyp", 16, Array("isom".utf8) + big(0))
  private static let size: Int64 = 1 << 30

  private struct Layout: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let beginning: [UInt8]
    let range: Range<Int64>?

    init(_ name: String, _ parts: [[UInt8]], _ range: Range<Int64>? = nil) {
      testDescription = name
      beginning = Array(parts.joined())
      self.range = range
    }
  }

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static let tail = size - 262_144..<size

  private static let layouts = [
    Layout(
      "the index behind", [fileType, box("free", 8), box("mdat", 1_000)], 1_024..<4_195_328),
    Layout("the index before", [fileType, box("moov", 64), box("mdat", 1_000)]),
    Layout(
      "64 bits", [fileType, box("mdat", 1), big(0), big(1 << 29)], 536_870_928..<541_065_232),
    Layout("to the end", [fileType, box("mdat", 0)]),
    Layout("longer than the file", [fileType, box("mdat", 1), big(9), big(0)]),
    Layout("longer than anything", [fileType, box("mdat", 1), big(1 << 31), big(0)]),
    Layout("shorter than itself", [fileType, box("free", 7), box("mdat", 8)]),
    Layout("cut", [fileType, box("mdat", 1), big(0)]),
    Layout(
      "AVI",
      [
        text("RIFF"), little(9_999), text("AVI LIST"), little(5), text("hdrl"), [0, 0],
        text("LIST"), little(1_001), text("movi"),
      ], 1_036..<4_195_340),
    Layout("WAVE", [text("RIFF"), little(9_999), text("WAVEfmt ")]),
    Layout("TIFF", [text("II*\0"), little(70_000)], 70_000..<4_264_304),
    Layout("TIFF of others", [text("MM\0*"), big(9_000)], 9_000..<4_203_304),
    Layout("TIFF with its index first", [text("MM\0*"), big(8), [1, 2, 3, 4]]),
    Layout("PDF", [text("%PDF-1.7\n")], tail),
    Layout("PDF for the web", [text("%PDF-1.7\n1 0 obj<</Linearized 1")]),
    Layout("Matroska", [[0x1A, 0x45, 0xDF, 0xA3, 1]], tail),
    Layout("ZIP", [text("PK\u{3}\u{4}")], tail),
    Layout("text", [text("PK, said the")]),
    Layout("nothing", []),
  ]

  @Test(arguments: layouts)
  private func theIndexIsFound(layout: Layout) {
    #expect(MediaIndex.range(beginning: layout.beginning, size: Self.size) == layout.range)
  }

  /// Whatever is in it, what is fetched is a part of the file.
  @Test func anyBytesAreRead() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<20_000 {
      var bytes = Self.layouts[Int.random(in: Self.layouts.indices, using: &random)].beginning
      for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: bytes.indices, using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      let size = Int64.random(in: 0...(1 << 34), using: &random)
      let range = MediaIndex.range(beginning: bytes, size: size)
      #expect(range.map { $0.clamped(to: 0..<size) == $0 && !$0.isEmpty } ?? true, "seed \(seed)")
    }
  }
}
