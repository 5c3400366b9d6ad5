import MediaFSCore
@testable import MediaFSEngine
import Testing

@Suite struct UploadRoomTests {
  /// How many files of that size go up at once.
  private func count(of size: Int64, limit: Int?) -> Int {
    var room = UploadRoom(limit: limit)
    for number in 1... {
      guard room.fits(size) else { return room.count }
      room.enter(InodeNumber(Int64(number)), size: size)
    }
    return 0
  }

  @Test func smallFilesTakeAQuarterOfTheRoomOfLargeOnes() {
    #expect(count(of: 1 << 30, limit: nil) == 8)
    #expect(count(of: UploadRoom.smallSize, limit: nil) == 32)
  }

  @Test func aNumberThatSomebodyHasChosenIsThatOfFiles() {
    #expect(count(of: 1 << 30, limit: 3) == 3)
    #expect(count(of: 0, limit: 3) == 3)
  }

  @Test func whatHasEndedLeavesItsRoom() {
    var room = UploadRoom(limit: nil)
    for number in 1...7 { room.enter(InodeNumber(Int64(number)), size: 1 << 30) }
    for number in 8...9 { room.enter(InodeNumber(Int64(number)), size: 1) }
    #expect(!room.fits(1 << 30) && room.fits(1) && !room.isFull)
    room.leave(InodeNumber(1))
    #expect(room.fits(1 << 30) && room.count == 8)
    #expect(!room.contains(InodeNumber(1)) && room.contains(InodeNumber(9)))
  }
}
