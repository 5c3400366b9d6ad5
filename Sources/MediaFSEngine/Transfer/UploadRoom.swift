import MediaFSCore

/// How many files go up at once, and how many of them there are. Pure.
///
/// Small files wait for answers nearly all the time, large ones fill the link: without a number
/// that somebody has chosen, a small one takes a quarter of the room of a large one.
struct UploadRoom: Sendable {
  /// In bytes; a larger file is large.
  static let smallSize: Int64 = 1 << 20
  private static let largeFiles = 8
  private static let largeWeight = 4

  private let total: Int
  private let weighs: Bool
  private var used: [InodeNumber: Int] = [:]

  /// - Parameter limit: files at once, whatever their sizes; `nil` to weigh them.
  init(limit: Int?) {
    weighs = limit == nil
    total = limit ?? Self.largeFiles * Self.largeWeight
  }

  var count: Int { used.count }
  var isFull: Bool { left <= 0 }
  private var left: Int { total - used.values.reduce(0, +) }

  func contains(_ inode: InodeNumber) -> Bool { used[inode] != nil }

  /// Whether a file of that size goes up as well.
  func fits(_ size: Int64) -> Bool { weight(size) <= left }

  mutating func enter(_ inode: InodeNumber, size: Int64) {
    used[inode] = weight(size)
  }

  mutating func leave(_ inode: InodeNumber) {
    used[inode] = nil
  }

  private func weight(_ size: Int64) -> Int {
    weighs && size > Self.smallSize ? Self.largeWeight : 1
  }
}
