import MediaFSCore

/// A set of inodes of which neighbours belong together: a bit for each, in pages, so that a million
/// files take 128 KiB.
struct InodeSet {
  /// Of 4,096 inodes, in words of 64 bits.
  private static let wordsPerPage: Int64 = 64
  /// Half a KiB each.
  static let maximumPages = 2_048

  private var pages: [Int64: [UInt64]] = [:]

  private struct Place {
    let page: Int64
    let word: Int
    let bit: UInt64

    init(_ inode: InodeNumber) {
      page = inode.value / (InodeSet.wordsPerPage * 64)
      word = Int(inode.value / 64 % InodeSet.wordsPerPage)
      bit = 1 << UInt64(inode.value % 64)
    }
  }

  func contains(_ inode: InodeNumber) -> Bool {
    let place = Place(inode)
    return pages[place.page].map { $0[place.word] & place.bit != 0 } ?? false
  }

  /// Where there are too many pages, all are forgotten first.
  mutating func insert(_ inode: InodeNumber) {
    let place = Place(inode)
    if pages[place.page] == nil, pages.count >= Self.maximumPages { pages.removeAll() }
    let empty = [UInt64](repeating: 0, count: Int(Self.wordsPerPage))
    pages[place.page, default: empty][place.word] |= place.bit
  }

  mutating func remove(_ inode: InodeNumber) {
    let place = Place(inode)
    pages[place.page]?[place.word] &= ~place.bit
  }
}
