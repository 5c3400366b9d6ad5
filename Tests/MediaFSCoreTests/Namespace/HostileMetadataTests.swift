import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// Keys and metadata of objects that somebody else has put, and means no good.
@Suite struct HostileMetadataTests {
  private static let defaults = StoredAttributes.Defaults(
    owner: Owner(user: 1, group: 2), fileMode: 0o644, directoryMode: 0o755)

  @Test func damagedMetadataIsReadAsFarAsItCanBe() {
    let values = [
      "33188", "100644", "41471", "0", "1369353600.123456789", "2013-05-24T00:00:00.5Z",
      "{\"user.a\":\"YQ==\"}", "%7B%22user.a%22%3A%22YQ%3D%3D%22%7D", "1-2-3", "803",
    ]
    let names = [
      "mode", "uid", "gid", "mtime", "atime", "ctime", "rdev", "xattr", "mediafs-xattr",
      "mediafs-link", "mediafs-links", "mediafs-commit",
    ]
    let space = KeySpace(prefix: "org/")
    var (groups, sides) = (0, 0)
    var kinds: Set<FileKind> = []
    HostileInput(values).each("metadata") { input, random in
      var metadata: [String: String] = [:]
      for name in names where Bool.random(using: &random) {
        metadata[name] = String(decoding: input, as: UTF8.self)
      }
      let isMarker = Bool.random(using: &random)
      let attributes = StoredAttributes.decode(
        metadata: metadata, isMarker: isMarker, lastModified: .epoch, defaults: Self.defaults)
      #expect(attributes.permissions <= 0o7777)
      #expect((attributes.kind == .directory) == isMarker)
      kinds.insert(attributes.kind)
      let again = StoredAttributes.decode(
        metadata: attributes.encode(), isMarker: isMarker, lastModified: .epoch,
        defaults: Self.defaults)
      #expect(again == attributes, "\(metadata)")
      if let group = LinkGroup(metadata: metadata) {
        groups += 1
        #expect(group.count > 1 && LinkGroup(metadata: group.encode()) == group)
      }
      if let side = SideName(String(decoding: input, as: UTF8.self)) {
        sides += 1
        #expect(!side.text.utf8.contains(UInt8(ascii: "/")))
        #expect(space.isReserved(ObjectKey(space.reservedPrefix + side.text)))
      }
    }
    #expect(kinds.count > 2 && groups > 0 && sides > 0)
  }

  @Test func damagedAttributeTextsAreReadOrRefused() {
    var (read, refused) = (0, 0)
    HostileInput(["{\"user.a\":\"YWJj\",\"user.\\u00e9\":\"\"}", "%7B%22user.a%22%3A%22%22%7D"])
      .each("extended attributes") { input, _ in
        let text = String(decoding: input, as: UTF8.self)
        guard let attributes = ExtendedAttributes(text: text) else {
          refused += 1
          return
        }
        read += 1
        #expect(ExtendedAttributes(text: attributes.text) == attributes)
        if let bytes = Base64.decode(text) { #expect(Base64.decode(Base64.encode(bytes)) == bytes) }
      }
    #expect(read > 0 && refused > 0)
  }

  @Test func damagedAccessListsAreReadOrRefused() {
    let list = AccessControlList(permissions: 0o640).encode()
    var (read, refused) = (0, 0)
    HostileInput(bytes: [list, list + [8, 0, 7, 0, 1, 0, 0, 0]]).each("access lists") { input, _ in
      do {
        guard let list = try AccessControlList.decode(input) else { return }
        read += 1
        #expect(try AccessControlList.decode(list.encode()) == list)
      } catch {
        refused += 1
      }
    }
    #expect(read > 0 && refused > 0)
  }

  /// Whatever the bucket holds: an entry is a name that a directory can have, comes once, and leads
  /// back to its key.
  @Test func listingsOfDamagedKeysAreDirectories() {
    let keys = [
      "org/d/a", "org/d/a/", "org/d/a/b", "org/d//b", "org/d/../b", "org/d/.", "org/d/", "/org/d",
      "org/d/" + String(repeating: "x", count: 255), "org/d/" + String(repeating: "y", count: 256),
      "org/.mediafs/x", "org/d/e\u{301}", "org/d/\u{E9}", "org/d/a\u{1}\u{7F}\n",
    ]
    let space = KeySpace(prefix: "org/")
    var page = ListPage(objects: [], commonPrefixes: [])
    HostileInput(keys).each("keys") { input, random in
      let key = ObjectKey(String(decoding: input, as: UTF8.self))
      if let location = space.location(of: key) {
        let back =
          location.isDirectoryMarker
          ? try? space.directoryMarker(of: location.path) : try? space.key(of: location.path)
        // Longer than a key can be: nobody can have put it.
        #expect(back == key || key.byteCount > ObjectKey.maximumLength)
      }
      if Bool.random(using: &random) {
        page.objects.append(
          ListedObject(key: key, size: .max, etag: ETag("e"), lastModified: .epoch))
      } else {
        page.commonPrefixes.append(key)
      }
      guard page.objects.count == 20 else { return }
      for directory in [[], ["d"]] {
        var fold = ListingFold(space, directory: directory.compactMap(FileName.init))
        fold.add(page)
        let names = fold.children.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names {
          #expect(FileName(name.text) == name)
          #expect(!directory.isEmpty || !space.isReserved([name]))
        }
      }
      page = ListPage(objects: [], commonPrefixes: [])
    }
  }
}
