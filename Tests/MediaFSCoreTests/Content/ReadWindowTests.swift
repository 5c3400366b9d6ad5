import MediaFSCore
import MediaFSTesting
import Testing

@Suite struct ReadWindowTests {
  private static let mebi: Int64 = 1 << 20
  private static let size: Int64 = 1 << 30
  /// What the kernel asks for at once.
  private static let read: Int64 = 128 << 10

  /// Reads `count` bytes at a time from `start` and returns the last request.
  @discardableResult
  private static func stream(
    _ window: inout ReadWindow, from start: Int64, bytes: Int64, count: Int = 128 << 10
  ) -> Range<Int64> {
    var request = start..<start
    for offset in stride(from: start, to: start + bytes, by: count) {
      request = window.advance(offset: offset, count: count, fileSize: size)
    }
    return request
  }

  @Test func theFirstRequestIsSmall() {
    var window = ReadWindow()
    let request = window.advance(offset: 0, count: 4_096, fileSize: Self.size)
    #expect(request == 0..<(Self.mebi + ReadWindow.blockSize))
  }

  @Test func sequentialReadingWidensUpToTheMaximum() {
    var window = ReadWindow()
    var ahead: [Int64] = []
    for index in 0..<512 {
      let offset = Int64(index) * Self.read
      let request = window.advance(offset: offset, count: 128 << 10, fileSize: Self.size)
      ahead.append(request.upperBound - offset - Self.read)
    }
    #expect(ahead == ahead.sorted())
    #expect(Set(ahead) == Set([1, 2, 4, 8, 16, 32].map { $0 * Self.mebi }))
    #expect(ahead.firstIndex(of: 32 * Self.mebi).map { $0 < 160 } == true)
  }

  @Test func aSeekStartsOver() {
    var window = ReadWindow()
    Self.stream(&window, from: 0, bytes: 64 * Self.mebi)
    let request = window.advance(offset: 500 * Self.mebi, count: 4_096, fileSize: Self.size)
    #expect(request == 500 * Self.mebi..<(501 * Self.mebi + ReadWindow.blockSize))
  }

  @Test func readsOfOneStreamMayComeOutOfOrder() {
    var window = ReadWindow()
    let block = Self.read
    for group in 0..<32 {
      for index in [3, 0, 7, 1, 2, 6, 5, 4] {
        let offset = Int64(group * 8 + index) * block
        _ = window.advance(offset: offset, count: Int(block), fileSize: Self.size)
      }
    }
    let request = window.advance(offset: 256 * block, count: 1, fileSize: Self.size)
    #expect(request.upperBound - request.lowerBound >= 32 * Self.mebi)
  }

  @Test func fourStreamsInTurnAreEachRecognised() {
    var window = ReadWindow()
    let starts: [Int64] = [0, 200, 400, 600].map { $0 * Self.mebi }
    for step in 0..<256 {
      for start in starts {
        let offset = start + Int64(step) * Self.read
        _ = window.advance(offset: offset, count: 128 << 10, fileSize: Self.size)
      }
    }
    for start in starts {
      let offset = start + 256 * Self.read
      let request = window.advance(offset: offset, count: 1, fileSize: Self.size)
      #expect(request.upperBound - offset >= 32 * Self.mebi)
    }
  }

  @Test func oneStreamTooManyReplacesTheQuietest() {
    var window = ReadWindow()
    let size: Int64 = 1 << 40
    for number in 0...Int64(ReadWindow.streamLimit) {
      for read in 0..<320 {
        let offset = number * 100 * Self.mebi + Int64(read) * Self.read
        _ = window.advance(offset: offset, count: Int(Self.read), fileSize: size)
      }
    }
    let kept = window.advance(offset: 140 * Self.mebi, count: 1, fileSize: size)
    #expect(kept.upperBound - kept.lowerBound >= 32 * Self.mebi)
    let gone = window.advance(offset: 40 * Self.mebi, count: 1, fileSize: size)
    #expect(gone.upperBound - gone.lowerBound <= Self.mebi + ReadWindow.blockSize)
  }

  @Test func randomReadsStaySmall() {
    var window = ReadWindow()
    for index in 0..<64 {
      let offset = Int64(index * 37 % 64) * 16 * Self.mebi
      let request = window.advance(offset: offset, count: 4_096, fileSize: Self.size)
      #expect(request.upperBound - request.lowerBound <= Self.mebi + ReadWindow.blockSize)
      if index >= 4 {
        #expect(request.upperBound - request.lowerBound == ReadWindow.blockSize)
      }
    }
    // One that happens to be where another was is no stream yet.
    let next = window.advance(offset: 16 * Self.mebi, count: 4_096, fileSize: Self.size)
    #expect(next.upperBound - next.lowerBound <= 5 * ReadWindow.blockSize)
  }

  @Test func aStreamBehindRandomReadsWidens() {
    var window = ReadWindow()
    for index in 0..<64 {
      let offset = Int64(index * 37 % 64) * 16 * Self.mebi
      _ = window.advance(offset: offset, count: 4_096, fileSize: Self.size)
    }
    let start = 8 * Self.mebi
    let request = Self.stream(&window, from: start, bytes: 64 * Self.mebi)
    #expect(request.upperBound - start >= 96 * Self.mebi)
  }

  @Test(arguments: UInt64(1)...20)
  func requestsCoverTheReadWithinTheFile(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var window = ReadWindow()
    let sizes: [Int64] = [0, 1, 100_000, ReadWindow.blockSize, 10 << 20, 1 << 40, .max, -1]
    for _ in 0..<2_000 {
      let size = sizes.randomElement(using: &random) ?? 0
      let offset = Int64.random(in: -2...max(2, size), using: &random)
      let count = Int.random(in: 0...(4 << 20), using: &random)
      let request = window.advance(offset: offset, count: count, fileSize: size)
      let (sum, overflow) = offset.addingReportingOverflow(Int64(count))
      let read = max(0, offset)..<max(0, offset, min(overflow ? .max : sum, size))
      #expect(request.lowerBound >= 0 && request.upperBound <= max(0, size), "seed \(seed)")
      guard !read.isEmpty else {
        #expect(request.isEmpty, "seed \(seed)")
        continue
      }
      #expect(request.contains(read.lowerBound), "seed \(seed)")
      #expect(request.upperBound >= read.upperBound, "seed \(seed)")
      #expect(request.lowerBound % ReadWindow.blockSize == 0, "seed \(seed)")
      let isAligned = request.upperBound % ReadWindow.blockSize == 0
      #expect(isAligned || request.upperBound == size, "seed \(seed)")
    }
  }
}
