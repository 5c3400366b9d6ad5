import MediaFSCore
import Testing

@Suite struct SourceTests {
  struct Accepted: Sendable {
    var text: String
    var namespace: String?
    var prefix: String?
    var place: Source.Place
    var keyPrefix: String
  }

  static let accepted = [
    Accepted(text: "s3://media", place: .bucket("media"), keyPrefix: ""),
    Accepted(text: "s3://media/", place: .bucket("media"), keyPrefix: ""),
    Accepted(text: "s3://media/synapse", place: .bucket("media"), keyPrefix: "synapse/"),
    Accepted(text: "s3://media/synapse/", place: .bucket("media"), keyPrefix: "synapse/"),
    Accepted(text: "s3://media/a/b c%20é", place: .bucket("media"), keyPrefix: "a/b c%20é/"),
    Accepted(text: "s3://media/..a/b..", place: .bucket("media"), keyPrefix: "..a/b../"),
    Accepted(text: "s3://m.e-d", namespace: "org", place: .bucket("m.e-d"), keyPrefix: "org/"),
    Accepted(text: "s3://media", namespace: "", place: .bucket("media"), keyPrefix: ""),
    Accepted(text: "s3://media", prefix: "org-", place: .bucket("media"), keyPrefix: "org-"),
    Accepted(text: "s3://media", prefix: "a/b/", place: .bucket("media"), keyPrefix: "a/b/"),
    Accepted(
      text: "s3://media/" + String(repeating: "n", count: 768), place: .bucket("media"),
      keyPrefix: String(repeating: "n", count: 768) + "/"),
    Accepted(text: "file:///srv/store", place: .directory("/srv/store"), keyPrefix: ""),
    Accepted(text: "file:///srv/store/", place: .directory("/srv/store"), keyPrefix: ""),
    Accepted(
      text: "file:///srv/a b", namespace: "org", place: .directory("/srv/a b"), keyPrefix: "org/"),
    Accepted(text: "file:///s", prefix: "x-", place: .directory("/s"), keyPrefix: "x-"),
  ]

  @Test(arguments: accepted)
  func accepts(_ row: Accepted) throws {
    let source = try Source(parsing: row.text, namespace: row.namespace, prefix: row.prefix)
    #expect(source.place == row.place)
    #expect(source.keyPrefix.utf8.elementsEqual(row.keyPrefix.utf8))
  }

  struct Refused: Sendable {
    var text: String
    var namespace: String?
    var prefix: String?
    var part: SourceError.Part
    var cause: String
  }

  static let refused = [
    Refused(text: "", part: .source, cause: "is of no known kind"),
    Refused(text: "media", part: .source, cause: "is of no known kind"),
    Refused(text: "S3://media", part: .source, cause: "is of no known kind"),
    Refused(text: "s3://", part: .bucket, cause: "is missing"),
    Refused(text: "s3:///media", part: .bucket, cause: "is missing"),
    Refused(text: "s3://ab", part: .bucket, cause: "has 2 characters"),
    Refused(
      text: "s3://" + String(repeating: "a", count: 64), part: .bucket, cause: "has 64 characters"),
    Refused(text: "s3://Media", part: .bucket, cause: "has a character that no bucket has"),
    Refused(text: "s3://me_dia", part: .bucket, cause: "has a character that no bucket has"),
    Refused(text: "s3://médias", part: .bucket, cause: "has a character that no bucket has"),
    Refused(text: "s3://-media", part: .bucket, cause: "begins or ends with a dot or hyphen"),
    Refused(text: "s3://media.", part: .bucket, cause: "begins or ends with a dot or hyphen"),
    Refused(text: "s3://me..dia", part: .bucket, cause: "has two dots in a row"),
    Refused(text: "s3://192.168.5.4", part: .bucket, cause: "looks like an IP address"),
    Refused(text: "s3://media//a", part: .namespace, cause: "begins with a slash"),
    Refused(text: "s3://media/a//b", part: .namespace, cause: "has an empty segment"),
    Refused(text: "s3://media/a//", part: .namespace, cause: "has an empty segment"),
    Refused(text: "s3://media/../b", part: .namespace, cause: "has a segment \".\" or \"..\""),
    Refused(text: "s3://media/a/.", part: .namespace, cause: "has a segment \".\" or \"..\""),
    Refused(text: "s3://media/a\u{7}", part: .namespace, cause: "has a control character"),
    Refused(text: "s3://media/a\u{85}", part: .namespace, cause: "has a control character"),
    Refused(
      text: "s3://media/" + String(repeating: "n", count: 769), part: .namespace,
      cause: "has 769 bytes, and a key at most 1024"),
    Refused(
      text: "s3://media/a", namespace: "b", part: .namespace,
      cause: "is given although the source names \"a\""),
    Refused(text: "s3://media", namespace: "/a", part: .namespace, cause: "begins with a slash"),
    Refused(text: "s3://media", namespace: "/", part: .namespace, cause: "has an empty segment"),
    Refused(
      text: "s3://media/a", prefix: "p", part: .prefix,
      cause: "is given beside the namespace \"a\""),
    Refused(text: "s3://media", prefix: "/p", part: .prefix, cause: "begins with a slash"),
    Refused(text: "s3://media", prefix: "/", part: .prefix, cause: "has an empty segment"),
    Refused(
      text: "s3://media", prefix: "p/../", part: .prefix, cause: "has a segment \".\" or \"..\""),
    Refused(text: "file://srv/store", part: .directory, cause: "is not absolute"),
    Refused(text: "file:///", part: .directory, cause: "is the root of this machine"),
    Refused(text: "file:///srv/../x", part: .directory, cause: "has a segment \".\" or \"..\""),
    Refused(text: "file:///srv//x", part: .directory, cause: "has an empty segment"),
    Refused(text: "file:///srv/\0", part: .directory, cause: "has a control character"),
  ]

  @Test(arguments: refused)
  func refuses(_ row: Refused) {
    let error = #expect(throws: SourceError.self) {
      try Source(parsing: row.text, namespace: row.namespace, prefix: row.prefix)
    }
    #expect(error?.part == row.part)
    #expect(error?.cause == row.cause)
    #expect(error?.cure.isEmpty == false)
  }

  @Test func theMessageIsOneLine() {
    let error = #expect(throws: SourceError.self) { try Source(parsing: "s3://media/a\nb") }
    #expect(
      error?.description
        == #"namespace "a\nb" has a control character: remove it"#)
  }
}
