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

extension ContentStatus {
  init(_ status: FileStatus) {
    self.init(size: status.size, modified: status.modified)
  }
}
