/// What an inode begins with: its maker's wishes, and what the directory has to say about them.
package struct Inheritance: Hashable, Sendable {
  /// Of the directory: the lower 12 bits of its mode.
  package var permissions: UInt32
  /// Of the directory.
  package var group: UInt32
  /// What the directory wants for what is made in it.
  package var defaultList: AccessControlList?

  package init(permissions: UInt32, group: UInt32, defaultList: AccessControlList?) {
    self.permissions = permissions
    self.group = group
    self.defaultList = defaultList
  }

  package struct Beginning: Hashable, Sendable {
    package var permissions: UInt32
    package var owner: Owner
    package var attributes: ExtendedAttributes
  }

  /// `S_ISGID`
  private static let setGroup: UInt32 = 0o2000

  /// The setgid bit of a directory gives its group to all that is made in it, and itself to
  /// directories. A default list takes the umask's place.
  ///
  /// - Parameter permissions: those that the maker asks for, without the umask.
  package func begin(
    _ kind: FileKind, permissions requested: UInt32, umask: UInt32, maker: Owner
  ) -> Beginning {
    var owner = maker
    var requested = requested
    if permissions & Self.setGroup != 0 {
      owner.group = group
      if kind == .directory { requested |= Self.setGroup }
    }
    var attributes = ExtendedAttributes()
    // A symbolic link has neither: everybody may follow it.
    if kind == .symbolicLink {
      return Beginning(permissions: requested, owner: owner, attributes: attributes)
    }
    guard let defaultList else {
      return Beginning(permissions: requested & ~umask, owner: owner, attributes: attributes)
    }
    let (permissions, list) = defaultList.inherited(requesting: requested)
    attributes.accessList = list
    if kind == .directory { attributes.defaultList = defaultList }
    return Beginning(permissions: permissions, owner: owner, attributes: attributes)
  }
}
