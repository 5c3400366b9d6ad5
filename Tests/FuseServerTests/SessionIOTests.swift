@testable import FuseServer
import Testing

@Suite struct SessionIOTests {
  /// The header of a request with one operation, and something behind it.
  private func request(_ operation: UInt32) -> [UInt32] {
    [48, operation, 1, 0, 1, 0, 0, 0, 0, 0, 35, 51]
  }

  private func translated(_ words: [UInt32]) -> [UInt32] {
    var words = words
    unsafe words.withUnsafeMutableBytes { unsafe SessionIO.translate($0) }
    return words
  }

  @Test func aRequestForAFileWithoutNameBecomesACreate() {
    #expect(translated(request(51)) == request(35))
  }

  @Test func othersStayAsTheyAre() {
    for operation: UInt32 in [1, 35, 50, 52, 0x3300_0000] {
      #expect(translated(request(operation)) == request(operation))
    }
    #expect(translated([8, 51]) == [8, 51])
  }
}
