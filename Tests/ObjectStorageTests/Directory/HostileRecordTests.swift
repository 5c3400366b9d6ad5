import MediaFSTesting
import Testing

@testable import MediaFSEngine

/// The directory of the embedded store may be written to by others, too.
@Suite struct HostileRecordTests {
  @Test func damagedRecordsAreReadOrRefused() {
    let record =
      "etag abc\nsize 5\nmodified 1369353600 5\nupload u\ntype text/plain\nmeta mode 33188\n"
    var (read, refused) = (0, 0)
    HostileInput([record]).each("records of the embedded store") { input, _ in
      guard let record = ObjectRecord(decoding: input) else {
        refused += 1
        return
      }
      read += 1
      #expect(ObjectRecord(decoding: record.encode()) == record)
    }
    #expect(read > 0 && refused > 0)
  }

  @Test func damagedNamesAreReadOrRefused() {
    HostileInput(["a", "a%2F", "%", "%2", "name%25"]).each("names of the embedded store") {
      input, _ in
      guard let segment = StoreNames.decode(input) else { return }
      #expect(segment.count <= input.count)
    }
  }
}
