package import PosixIO
package import SystemPackage

/// A content file of a real disk.
extension SharedDescriptor: ContentFile {
  package func status() throws(Errno) -> ContentStatus {
    ContentStatus(try status() as FileStatus)
  }

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

extension ContentStatus {
  init(_ status: FileStatus) {
    self.init(size: status.size, modified: status.modified)
  }
}
