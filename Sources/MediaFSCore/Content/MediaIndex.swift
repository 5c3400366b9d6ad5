/// Where the index of a media file is, by its first bytes: what a player reads next, mostly at the
/// other end. Pure.
///
/// Only the layout is looked at. Who is wrong about it fetches some bytes that nobody reads.
package enum MediaIndex {
  /// An index of hours of video; what is longer is fetched as it is read.
  private static let maximumLength: Int64 = 4 << 20
  /// Of formats that are read from their end, without saying from where.
  private static let tail: Int64 = 256 << 10

  /// - Parameters:
  ///   - beginning: the first bytes of the file, as many as there are.
  ///   - size: of the file.
  /// - Returns: `nil` where the beginning has the index, or nothing is known of one.
  package static func range(beginning: [UInt8], size: Int64) -> Range<Int64>? {
    let start: Int64? =
      if has("ftyp", beginning, at: 4) {
        behindMovieData(beginning, size)
      } else if has("RIFF", beginning, at: 0), has("AVI ", beginning, at: 8) {
        behindMovieList(beginning)
      } else if has("II*\0", beginning, at: 0) {
        number(beginning, 4, littleEndian: true)
      } else if has("MM\0*", beginning, at: 0) {
        number(beginning, 4)
      } else if isReadFromItsEnd(beginning) {
        max(0, size - tail)
      } else {
        nil
      }
    guard let start, start >= Int64(beginning.count), start < size else { return nil }
    return start..<min(size, start + maximumLength)
  }

  /// ISO 14496-12: boxes of a length, a type, and contents. `moov` has the index; where `mdat`
  /// comes before it, it comes behind that.
  private static func behindMovieData(_ bytes: [UInt8], _ size: Int64) -> Int64? {
    var position: Int64 = 0
    while position < size, let short = number(bytes, position) {
      if has("moov", bytes, at: position + 4) { return nil }
      // 1: the length follows in 64 bits; 0: the box ends with the file.
      let length = short == 1 ? wide(bytes, position + 8) : short
      guard let length, length >= 8, length <= size - position else { return nil }
      if has("mdat", bytes, at: position + 4) { return position + length }
      position += length
    }
    return nil
  }

  /// AVI: lists and chunks of a type and a length, padded to even lengths; `idx1` comes behind the
  /// list `movi`.
  private static func behindMovieList(_ bytes: [UInt8]) -> Int64? {
    var position: Int64 = 12
    while let length = number(bytes, position + 4, littleEndian: true) {
      let isMovie = has("LIST", bytes, at: position) && has("movi", bytes, at: position + 8)
      position += 8 + length + length % 2
      if isMovie { return position }
    }
    return nil
  }

  private static func isReadFromItsEnd(_ bytes: [UInt8]) -> Bool {
    if has("%PDF-", bytes, at: 0) {
      // One that was written to be shown while it arrives has its index at the beginning.
      return !bytes.prefix(1_024).contains(Array("/Linearized".utf8))
    }
    // ZIP and all that is one, Ogg, MP3 with tags at both ends, Matroska.
    return ["PK\u{3}\u{4}", "OggS", "ID3"].contains { has($0, bytes, at: 0) }
      || bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3])
  }

  private static func has(_ text: String, _ bytes: [UInt8], at position: Int64) -> Bool {
    bytes.dropFirst(Int(clamping: position)).starts(with: text.utf8)
  }

  /// An unsigned number of four bytes.
  private static func number(
    _ bytes: [UInt8], _ position: Int64, littleEndian: Bool = false
  ) -> Int64? {
    guard position >= 0, position <= bytes.count - 4 else { return nil }
    let digits = bytes[Int(position)..<Int(position) + 4]
    return (littleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) {
      $0 << 8 | Int64($1)
    }
  }

  /// One of eight, which is no length of anything where it has the sign.
  private static func wide(_ bytes: [UInt8], _ position: Int64) -> Int64? {
    guard let high = number(bytes, position), let low = number(bytes, position + 4),
      high <= Int64(Int32.max)
    else { return nil }
    return high << 32 | low
  }
}
