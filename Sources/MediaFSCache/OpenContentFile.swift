package import PosixIO
package import SystemPackage

/// A content file of a real disk.
extension SharedDescriptor: ContentFile {
  package func status() throws(Errno) -> ContentStatus {
    ContentStatus(try status() as FileStatus)
  }

  package var backing: CInt? { number }

  package func copy(
    _ range: Range<Int64>, from source: any ContentFile, to offset: Int64
  ) throws(Errno) {
    guard let source = source as? SharedDescriptor else { throw .improperLink }
    try copy(range, of: source, to: offset)
  }
}

extension SharedDescriptor {
  package func label() throws(Errno) -> ContentLabel? {
    do throws(Errno) {
      return try extendedAttribute(ContentLabel.attribute).flatMap { ContentLabel($0) }
    } catch .notSupported {
      return nil
    }
  }

  package func setLabel(_ label: ContentLabel) throws(Errno) {
    do throws(Errno) {
      try setExtendedAttribute(ContentLabel.attribute, label.bytes)
    } catch {
      if error == .notSupported { return }
      do throws(Errno) {
        try removeExtendedAttribute(ContentLabel.attribute)
      } catch .noData {
        return
      }
    }
  }
}

extension SharedDescriptor {
  /// Two numbers of eight bytes each, the least significant byte first. Attributes and sizes are in
  /// one journal (ext4, XFS) or one tree (btrfs): none comes to the disk before an earlier one.
  private static let seamsAttribute = "user.mediafs.seams"

  package func seams() throws(Errno) -> Range<Int64> {
    var bytes: [UInt8] = []
    do throws(Errno) {
      bytes = try extendedAttribute(Self.seamsAttribute) ?? []
    } catch .notSupported {
      return 0..<Int64.max
    }
    guard bytes.count == 16 else { return 0..<0 }
    let (start, end) = (Self.number(bytes[..<8]), Self.number(bytes[8...]))
    return 0 <= start && start <= end ? start..<end : 0..<0
  }

  package func setSeams(_ range: Range<Int64>) throws(Errno) {
    let bytes = [range.lowerBound, range.upperBound].flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    try setExtendedAttribute(Self.seamsAttribute, bytes)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
    bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
  }
}

extension ContentStatus {
  init(_ status: FileStatus) {
    self.init(size: status.size, modified: status.modified)
  }
}
