/// Decides how far ahead of the readers of a file its bytes are requested.
///
/// Each sequential stream has a window that starts small, so that the first bytes come soon, and
/// doubles while the stream goes on. A seek starts over: what was asked for ahead of the old place
/// is probably not wanted. Players read two or three places in turn (index, audio, video), and
/// there may be several of them, so several streams are followed; the one that was quiet for the
/// longest gives way to a new one. Whose read it is does not matter: of readers at one place each
/// asks for some of it, and the kernel has the rest for all of them.
///
/// Reads here and there begin one stream after the other that leads nowhere. While there are some
/// of these, what a read wants is all that is requested.
package struct ReadWindow: Sendable {
  /// Requests begin and end at multiples of this, which is what has a checksum; smaller blocks make
  /// small requests of small reads.
  package static let blockSize: Int64 = BlockSums.length
  /// Small enough to arrive within a round trip or two on a slow link.
  package static let initialWindow: Int64 = 1 << 20
  /// Of one that was taken for a read that leads nowhere, and has gone on.
  private static let strayWindow: Int64 = 256 << 10
  /// Enough to keep a long fat link busy (1 Gbit/s at 250 ms); more only wastes what a seek drops.
  package static let maximumWindow: Int64 = 32 << 20
  /// A read this far before or behind a stream still belongs to it, or half as far as its window:
  /// the kernel's read-ahead sends reads of one stream in parallel and they arrive out of order.
  private static let leastTolerance: Int64 = 1 << 20
  private static let tolerance: Int64 = 2 << 20
  /// Streams followed at once.
  package static let streamLimit = 16
  /// Streams that have not gone on, beside which the next one is not expected to either.
  private static let strayLimit = 4

  private struct Stream: Sendable {
    /// Where the stream has come to: the end of its furthest read.
    var position: Int64
    var window: Int64
    /// Bytes read since the window was last widened.
    var progress: Int64
    /// It has gone on since its first read.
    var isReal = false

    var tolerance: Int64 {
      min(max(window / 2, ReadWindow.leastTolerance), ReadWindow.tolerance)
    }
  }

  /// The one read last is the last.
  private var streams: [Stream] = []
  /// The widest a window becomes, in bytes.
  private let limit: Int64

  /// - Parameter limit: in bytes; less than ``maximumWindow`` where there is no room for that.
  package init(limit: Int64 = Self.maximumWindow) {
    self.limit = min(max(limit, Self.blockSize), Self.maximumWindow)
  }

  /// The bytes that should be here or on their way when `count` bytes at `offset` are read: the
  /// read itself and the window ahead, in whole blocks, within the file. Empty when the read is.
  package mutating func advance(offset: Int64, count: Int, fileSize: Int64) -> Range<Int64> {
    let size = max(0, fileSize)
    let start = min(max(0, offset), size)
    let end = Self.sum(start, Int64(max(0, count)), limit: size)
    guard start < end else { return start..<start }
    let stream = follow(start..<end)
    let wanted = max(end, Self.sum(stream.position, stream.window, limit: size))
    let first = start - start % Self.blockSize
    return first..<Self.roundUp(wanted, limit: size)
  }

  /// Finds the stream that a read belongs to, or begins one, and moves it on.
  private mutating func follow(_ read: Range<Int64>) -> Stream {
    guard let index = streamIndex(near: read.lowerBound) else { return begin(read) }
    var stream = streams.remove(at: index)
    if !stream.isReal {
      stream.isReal = true
      stream.window = max(stream.window, min(Self.strayWindow, limit))
    }
    if read.upperBound > stream.position {
      stream.progress += read.upperBound - stream.position
      stream.position = read.upperBound
    }
    // Half of what was asked for ahead has been used: the stream is real, and the next request
    // goes out before the last one runs dry.
    while stream.progress >= stream.window / 2, stream.window < limit {
      stream.progress -= stream.window / 2
      stream.window = min(stream.window * 2, limit)
    }
    if stream.window == limit { stream.progress = 0 }
    streams.append(stream)
    return stream
  }

  private mutating func begin(_ read: Range<Int64>) -> Stream {
    let isStray = streams.count { !$0.isReal } >= Self.strayLimit
    let stream = Stream(
      position: read.upperBound, window: isStray ? 0 : min(Self.initialWindow, limit), progress: 0)
    if streams.count == Self.streamLimit { streams.removeFirst() }
    streams.append(stream)
    return stream
  }

  /// The stream whose position is nearest, if any is within the tolerance.
  private func streamIndex(near offset: Int64) -> Int? {
    let distances = streams.map { abs($0.position - offset) }
    return distances.indices.filter { distances[$0] <= streams[$0].tolerance }
      .min { distances[$0] < distances[$1] }
  }

  private static func sum(_ left: Int64, _ right: Int64, limit: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? limit : min(sum, limit)
  }

  private static func roundUp(_ offset: Int64, limit: Int64) -> Int64 {
    let rest = offset % blockSize
    return rest == 0 ? min(offset, limit) : sum(offset, blockSize - rest, limit: limit)
  }
}
