/// Which bytes of a file: what is present, what is dirty, what is on its way.
///
/// Sorted, disjoint and never adjacent, so equal sets are equal values and a lookup is a binary
/// search. Offsets are never negative: the part of a range below zero is ignored.
package struct ByteRangeSet: Hashable, Sendable {
  /// Ascending; between any two lies at least one byte that is not in the set.
  package private(set) var ranges: [Range<Int64>] = []

  package init() {}

  /// The union of ranges in any order; they may overlap, touch or be empty.
  package init(_ parts: some Sequence<Range<Int64>>) {
    let sorted = parts.map(Self.clamp).sorted { $0.lowerBound < $1.lowerBound }
    ranges.reserveCapacity(sorted.count)
    for part in sorted where !part.isEmpty {
      if let last = ranges.last, part.lowerBound <= last.upperBound {
        let end = max(last.upperBound, part.upperBound)
        ranges[ranges.count - 1] = last.lowerBound..<end
      } else {
        ranges.append(part)
      }
    }
  }

  package init(_ range: Range<Int64>) {
    insert(range)
  }

  package var isEmpty: Bool { ranges.isEmpty }

  /// In bytes. Cannot overflow: the ranges are disjoint parts of 0 to `Int64.max`.
  package var count: Int64 {
    ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
  }

  /// The end of the last range; 0 when there is none.
  package var upperBound: Int64 { ranges.last?.upperBound ?? 0 }

  private static func clamp(_ range: Range<Int64>) -> Range<Int64> {
    range.clamped(to: 0..<Int64.max)
  }
}

// MARK: - Questions

extension ByteRangeSet {
  package func contains(_ offset: Int64) -> Bool {
    run(at: offset) != nil
  }

  /// True when every byte of `range` is in the set; an empty range always is.
  package func contains(_ range: Range<Int64>) -> Bool {
    guard !range.isEmpty else { return true }
    guard let run = run(at: range.lowerBound) else { return false }
    return range.upperBound <= run.upperBound
  }

  package func intersects(_ range: Range<Int64>) -> Bool {
    let index = firstIndex(endingAfter: range.lowerBound)
    return !range.isEmpty && index < ranges.count && ranges[index].lowerBound < range.upperBound
  }

  /// The parts of `range` that are in the set, ascending.
  package func present(in range: Range<Int64>) -> [Range<Int64>] {
    ranges[indices(overlapping: range)].map { $0.clamped(to: range) }
  }

  /// The parts of `range` that are not in the set, ascending.
  package func missing(in range: Range<Int64>) -> [Range<Int64>] {
    let range = Self.clamp(range)
    var gaps: [Range<Int64>] = []
    var next = range.lowerBound
    for run in ranges[indices(overlapping: range)] {
      if next < run.lowerBound { gaps.append(next..<run.lowerBound) }
      next = run.upperBound
    }
    if next < range.upperBound { gaps.append(next..<range.upperBound) }
    return gaps
  }

  /// The range of the set that holds this byte.
  package func run(at offset: Int64) -> Range<Int64>? {
    let index = firstIndex(endingAfter: offset)
    guard index < ranges.count, ranges[index].contains(offset) else { return nil }
    return ranges[index]
  }

  /// The bytes around `offset` that are not in the set, up to `Int64.max` behind the last range;
  /// `nil` when the byte is in the set or `offset` is negative.
  package func gap(at offset: Int64) -> Range<Int64>? {
    guard (0..<Int64.max).contains(offset) else { return nil }
    let index = firstIndex(endingAfter: offset)
    let end = index < ranges.count ? ranges[index].lowerBound : .max
    guard offset < end else { return nil }
    return (index > 0 ? ranges[index - 1].upperBound : 0)..<end
  }
}

// MARK: - Changes

extension ByteRangeSet {
  package mutating func insert(_ range: Range<Int64>) {
    let range = Self.clamp(range)
    guard !range.isEmpty else { return }
    // Ranges that only touch are joined too, hence not `indices(overlapping:)`.
    let first = ranges.partitioningIndex { $0.upperBound >= range.lowerBound }
    let end = ranges.partitioningIndex { $0.lowerBound > range.upperBound }
    var joined = range
    if first < end {
      let lower = min(range.lowerBound, ranges[first].lowerBound)
      joined = lower..<max(range.upperBound, ranges[end - 1].upperBound)
    }
    ranges.replaceSubrange(first..<end, with: CollectionOfOne(joined))
  }

  package mutating func remove(_ range: Range<Int64>) {
    let range = Self.clamp(range)
    let touched = indices(overlapping: range)
    guard let first = touched.first, let last = touched.last else { return }
    var rest: [Range<Int64>] = []
    if ranges[first].lowerBound < range.lowerBound {
      rest.append(ranges[first].lowerBound..<range.lowerBound)
    }
    if range.upperBound < ranges[last].upperBound {
      rest.append(range.upperBound..<ranges[last].upperBound)
    }
    ranges.replaceSubrange(touched, with: rest)
  }

  /// Removes every byte at and behind `length`.
  package mutating func truncate(to length: Int64) {
    remove(max(0, length)..<Int64.max)
  }

  package mutating func formUnion(_ other: ByteRangeSet) {
    self = ByteRangeSet(ranges + other.ranges)
  }

  package mutating func subtract(_ other: ByteRangeSet) {
    for range in other.ranges { remove(range) }
  }
}

// MARK: - Search

extension ByteRangeSet {
  private func firstIndex(endingAfter offset: Int64) -> Int {
    ranges.partitioningIndex { $0.upperBound > offset }
  }

  private func indices(overlapping range: Range<Int64>) -> Range<Int> {
    guard !range.isEmpty else { return 0..<0 }
    let first = firstIndex(endingAfter: range.lowerBound)
    let end = ranges.partitioningIndex { $0.lowerBound >= range.upperBound }
    return first..<max(first, end)
  }
}

extension ByteRangeSet: CustomStringConvertible {
  package var description: String {
    "[" + ranges.map { "\($0.lowerBound)..<\($0.upperBound)" }.joined(separator: ", ") + "]"
  }
}

extension Array {
  /// The first index whose element satisfies a predicate that is false before and true after it.
  fileprivate func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
