import MediaFSCore
@testable import MediaFSEngine
import MediaFSTesting
import Testing

@Suite struct InodeSetTests {
  @Test func itHoldsWhatASetHolds() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    var (set, model) = (InodeSet(), Set<InodeNumber>())
    for _ in 0..<20_000 {
      let inode = InodeNumber(Int64.random(in: 1...20_000, using: &random))
      if Bool.random(using: &random) {
        set.insert(inode)
        model.insert(inode)
      } else {
        set.remove(inode)
        model.remove(inode)
      }
    }
    let found = (1...20_000).map { InodeNumber($0) }.filter(set.contains)
    #expect(Set(found) == model, "seed \(seed)")
  }

  @Test func itStaysSmall() {
    var set = InodeSet()
    for page in 0..<InodeSet.maximumPages { set.insert(InodeNumber(Int64(page) * 4_096 + 1)) }
    #expect(set.contains(InodeNumber(1)))
    set.insert(InodeNumber(Int64(InodeSet.maximumPages) * 4_096))
    #expect(!set.contains(InodeNumber(1)))
    #expect(set.contains(InodeNumber(Int64(InodeSet.maximumPages) * 4_096)))
  }
}
