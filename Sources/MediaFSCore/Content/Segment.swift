/// Names a content file in the cache; never used twice. 0 stands for none.
package struct ContentNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let value: Int64

  package init(_ value: Int64) {
    self.value = value
  }

  package static let none = ContentNumber(0)

  package static func < (left: ContentNumber, right: ContentNumber) -> Bool {
    left.value < right.value
  }

  package var description: String { String(value) }
}

/// A part of a content file that is evicted as a whole.
package struct Segment: Hashable, Sendable {
  /// In bytes. Smaller ones cost more rows, larger ones evict more than is needed; 16 MiB keeps a
  /// million cached images at a row each and a film at some hundred.
  package static let length: Int64 = 16 << 20

  package var content: ContentNumber
  package var index: Int64

  package init(content: ContentNumber, index: Int64) {
    self.content = content
    self.index = index
  }

  package var range: Range<Int64> {
    index * Self.length..<(index + 1) * Self.length
  }

  /// The segments that a range touches.
  package static func covering(_ range: Range<Int64>) -> Range<Int64> {
    range.isEmpty
      ? 0..<0 : range.lowerBound / length..<(range.upperBound - 1) / length + 1
  }
}
