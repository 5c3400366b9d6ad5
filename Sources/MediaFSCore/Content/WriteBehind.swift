/// Tells when what was written is worth sending to the disk, so that an `fsync` at the end of a
/// long file has little left to wait for: the disk works while the writer does. Pure.
///
/// What is written here and there, or is short, is left to the kernel, which may never have to
/// write what is deleted soon.
package struct WriteBehind: Sendable {
  /// In bytes: long enough for any disk to write it in one go, a fraction of a second of it.
  package static let length: Int64 = 8 << 20

  /// Of any disk, in bytes.
  private static let page: Int64 = 4_096

  /// What was written in one go and not sent yet.
  private var run: Range<Int64> = 0..<0

  package init() {}

  /// Takes note of written bytes.
  ///
  /// - Returns: what is to be sent to the disk now, if anything.
  package mutating func wrote(_ range: Range<Int64>) -> Range<Int64>? {
    run = range.lowerBound == run.upperBound ? run.lowerBound..<range.upperBound : range
    guard run.count >= Int(Self.length) else { return nil }
    // The rest of the last block may come a moment later.
    let end = run.upperBound - run.upperBound % Self.page
    defer { run = end..<run.upperBound }
    return run.lowerBound..<end
  }
}
