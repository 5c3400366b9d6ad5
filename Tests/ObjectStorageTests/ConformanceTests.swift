import MediaFSEngine
import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct ConformanceTests {
  @Test(arguments: ObjectStoreConformance.checks(for: StoreTraits()))
  func memory(_ check: ConformanceCheck) async throws {
    try await ObjectStoreConformance.run(check, on: MemoryObjectStore(), prefix: "suite/")
  }

  @Test(arguments: ObjectStoreConformance.checks(for: StoreTraits()))
  func throughAFaultlessFaultStore(_ check: ConformanceCheck) async throws {
    let store = FaultStore(MemoryObjectStore(), checksDeletes: true)
    try await ObjectStoreConformance.run(check, on: store, prefix: "")
  }

  @Test(arguments: ObjectStoreConformance.checks(for: StoreTraits()), [true, false])
  func directory(_ check: ConformanceCheck, usesAttributes: Bool) async throws {
    let scratch = try TemporaryDirectory()
    let store = try DirectoryObjectStore(directory: scratch.path, usesAttributes: usesAttributes)
    try await ObjectStoreConformance.run(check, on: store, prefix: usesAttributes ? "suite/" : "")
    let left = try succeed(["find", scratch.path, "-mindepth", "1", "-printf", "%P\n"])
    let names = Set(left.split(separator: "\n").map(String.init))
    let own = ["", "/lock", "/temporary", "/uploads"].map { ".mediafs-store" + $0 }
    #expect(names.isSubset(of: own), "files stayed behind")
  }
}
