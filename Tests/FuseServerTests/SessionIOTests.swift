@testable import FuseServer
import Glibc
import MediaFSEngine
import Testing

@Suite struct SessionIOTests {
  /// The header of a request with one operation, and something behind it.
  private func request(_ operation: UInt32) -> [UInt32] {
    [48, operation, 1, 0, 1, 0, 0, 0, 0, 0, 35, 51]
  }

  private func translated(_ words: [UInt32]) -> [UInt32] {
    var words = words
    unsafe words.withUnsafeMutableBytes { unsafe SessionIO.translate($0, Passthrough()) }
    return words
  }

  @Test func aRequestForAFileWithoutNameBecomesACreate() {
    #expect(translated(request(51)) == request(35))
  }

  // MARK: Passthrough

  /// An INIT as Linux 6.9 sends it, and the answer that libfuse 3.14 makes; without headers.
  private func answer(to second: UInt32, flags: UInt32 = 1 << 30) -> ([UInt32], Passthrough) {
    let passthrough = Passthrough()
    // The body: version 7.40, read-ahead, flags, and the second ones.
    var request: [UInt32] = [104, 26, 7, 0, 0, 0, 0, 0, 0, 0] + [7, 40, 4_096, flags, second]
    unsafe request.withUnsafeMutableBytes { unsafe SessionIO.translate($0, passthrough) }
    var header: [UInt32] = [80, 0, 7, 0]
    var body = [UInt32](repeating: 0, count: 16)
    body[0] = 7
    unsafe header.withUnsafeMutableBytes { header in
      unsafe body.withUnsafeMutableBytes { body in
        var parts = unsafe [
          iovec(iov_base: header.baseAddress, iov_len: header.count),
          iovec(iov_base: body.baseAddress, iov_len: body.count),
        ]
        unsafe parts.withUnsafeMutableBufferPointer { unsafe SessionIO.complete($0, passthrough) }
      }
    }
    return (body, passthrough)
  }

  @Test func aKernelThatCanIsAskedToPassFilesThrough() {
    let (body, passthrough) = answer(to: 1 << 5)
    #expect(body[3] == 1 << 30)
    #expect(body[8] == 1 << 5)
    #expect(body[9] == 1)
    #expect(passthrough.obstacle == nil)
  }

  @Test(arguments: [(UInt32(0), UInt32(1) << 30), (~(1 << 5), 1 << 30), (1 << 5, 0)])
  func anotherOneIsNot(second: UInt32, flags: UInt32) {
    let (body, passthrough) = answer(to: second, flags: flags)
    #expect(body == [7] + [UInt32](repeating: 0, count: 15))
    #expect(passthrough.obstacle?.contains("Linux 6.9") == true)
  }

  @Test func othersStayAsTheyAre() {
    for operation: UInt32 in [1, 35, 50, 52, 0x3300_0000] {
      #expect(translated(request(operation)) == request(operation))
    }
    #expect(translated([8, 51]) == [8, 51])
  }
}
