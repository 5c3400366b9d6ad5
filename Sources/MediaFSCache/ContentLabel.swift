package import MediaFSCore

/// What a content file says of itself, in an extended attribute: enough to put its bytes back when
/// the catalog is lost.
///
/// It is written before the first byte changes, so a file that is called clean is clean. The other
/// way round it may be late: what is called dirty may have been uploaded a moment ago.
package struct ContentLabel: Sendable {
  /// Whose bytes the content file holds.
  package enum State: String, Sendable, CaseIterable {
    /// The store's: they can be fetched again.
    case clean
    /// Its own, all of them.
    case whole
    /// Its own, and between them gaps that are the object's; only the catalog knows where.
    case partial
    /// Nobody's: the file was deleted while it was open.
    case nameless
  }

  /// The object that the bytes were changed from.
  package struct Base: Sendable {
    package var key: String
    package var etag: String
    /// In bytes.
    package var size: Int64

    package init(key: String, etag: String, size: Int64) {
      self.key = key
      self.etag = etag
      self.size = size
    }
  }

  /// Where the bytes belong, and with which attributes. The size and the time of the last change
  /// are the content file's own.
  package struct Place: Sendable {
    package var path: [FileName]
    package var permissions: UInt32
    package var owner: Owner
    package var base: Base?

    package init(path: [FileName], permissions: UInt32, owner: Owner, base: Base? = nil) {
      self.path = path
      self.permissions = permissions
      self.owner = owner
      self.base = base
    }
  }

  package var state: State
  /// Of what is dirty.
  package var place: Place?

  package init(_ state: State, _ place: Place? = nil) {
    self.state = state
    self.place = place
  }
}

// MARK: - As bytes

extension ContentLabel {
  /// Its extended attribute. A filesystem that has none keeps no labels, and sets everything aside
  /// when its catalog is lost.
  package static let attribute = "user.mediafs.content"
  /// What stands first, should there ever be another form.
  private static let form = "1"

  /// Fields with NULs between them, which neither keys nor names have.
  package var bytes: [UInt8] {
    var fields = [Self.form, state.rawValue]
    if let place {
      fields += [
        String(place.permissions, radix: 8), String(place.owner.user), String(place.owner.group),
        place.base?.key ?? "", place.base?.etag ?? "", String(place.base?.size ?? 0),
        place.path.map { $0.text }.joined(separator: "/"),
      ]
    }
    return Array(fields.joined(separator: "\0").utf8)
  }

  /// `nil` for what no label is.
  package init?(_ bytes: [UInt8]) {
    let fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
      .compactMap { String(validating: $0, as: UTF8.self) }
    guard fields.count >= 2, fields[0].utf8.elementsEqual(Self.form.utf8),
      let state = State.allCases.first(where: { $0.rawValue.utf8.elementsEqual(fields[1].utf8) })
    else { return nil }
    self.state = state
    guard state == .whole || state == .partial else { return }
    guard fields.count == 9, let permissions = UInt32(fields[2], radix: 8),
      let user = UInt32(fields[3]), let group = UInt32(fields[4]), let size = Int64(fields[7]),
      size >= 0
    else { return nil }
    let path = fields[8].utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .compactMap { FileName(String(Substring($0))) }
    guard !path.isEmpty, path.map(\.text).joined(separator: "/").utf8.elementsEqual(fields[8].utf8)
    else { return nil }
    let base =
      fields[5].utf8.isEmpty
      ? nil : Base(key: fields[5], etag: fields[6], size: size)
    place = Place(
      path: path, permissions: permissions, owner: Owner(user: user, group: group), base: base)
  }
}
