import MediaFSCore
import Testing

@Suite struct InheritanceTests {
  private static let maker = Owner(user: 5, group: 6)

  private static func begin(
    _ kind: FileKind, in permissions: UInt32, list: AccessControlList? = nil,
    requesting requested: UInt32
  ) -> Inheritance.Beginning {
    Inheritance(permissions: permissions, group: 9, defaultList: list)
      .begin(kind, permissions: requested, umask: 0o027, maker: maker)
  }

  @Test func withoutAListTheUmaskCounts() {
    let file = Self.begin(.regular, in: 0o1777, requesting: 0o4666)
    #expect(file.permissions == 0o4640)
    #expect(file.owner == Self.maker)
    #expect(file.attributes.isEmpty)
  }

  @Test func aSetgidDirectoryGivesItsGroupAndDirectoriesTheBit() {
    for kind in FileKind.allCases {
      let made = Self.begin(kind, in: 0o2775, requesting: 0o777)
      #expect(made.owner == Owner(user: 5, group: 9), "\(kind)")
      #expect((made.permissions & 0o2000 != 0) == (kind == .directory), "\(kind)")
    }
  }

  @Test func aDefaultListTakesThePlaceOfTheUmask() throws {
    let list = try #require(
      AccessControlList([
        .init(.owner, 7), .init(.user(1), 6), .init(.owningGroup, 7), .init(.mask, 7),
        .init(.others, 7),
      ]))
    let file = Self.begin(.regular, in: 0o755, list: list, requesting: 0o666)
    #expect(file.permissions == 0o666)
    #expect(file.attributes.accessList?.modeBits == 0o666)
    #expect(file.attributes.defaultList == nil)
    let directory = Self.begin(.directory, in: 0o2755, list: list, requesting: 0o777)
    #expect(directory.permissions == 0o2777)
    #expect(directory.attributes.accessList == list)
    #expect(directory.attributes.defaultList == list)
    let link = Self.begin(.symbolicLink, in: 0o755, list: list, requesting: 0o777)
    #expect(link.permissions == 0o777)
    #expect(link.attributes.isEmpty)
  }
}
