import MediaFSCatalog
import MediaFSCore
import MediaFSTesting
import ObjectStorage
import Testing

/// What a store says of its objects is believed, and must not break what is done with it.
@Suite struct HostileSizeTests {
  @Test func sizesThatNoSumHoldsCanBeCounted() throws {
    let test = try TestCatalog()
    let sizes: [String: Int64] = ["a": .max, "b": .max, "c": 1]
    try test.ingest(
      files: sizes.reduce(into: [:]) { files, file in
        files[file.key] = TestCatalog.object(file.key, "e", size: file.value)
      })
    let totals = try test.catalog.fileTotals()
    #expect(totals.files == 3)
    #expect(totals.bytes >= 9_000_000_000_000_000_000)
  }

  @Test func damagedTokensAreReadOrRefused() {
    var (read, refused) = (0, 0)
    HostileInput(["ffffffffffffffff.1.2.3", "0.9223372036854775807.0.0"]).each("tokens") {
      input, _ in
      let text = String(decoding: input, as: UTF8.self)
      guard let token = CommitToken(text) else {
        refused += 1
        return
      }
      read += 1
      #expect(CommitToken(token.text) == token)
    }
    #expect(read > 0 && refused > 0)
  }
}
