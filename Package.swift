// swift-tools-version: 6.2
import PackageDescription

/// The module graph. Arrows point at dependencies; FUSE and S3 meet only in `mediafs`.
/// The Architecture chapter of the documentation says why each target and package is there.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let toml: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "mediafs",
  products: [.executable(name: "mediafs", targets: ["mediafs"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // System libraries: a module map and a shim of `static inline` wrappers, no logic.
    .systemLibrary(name: "CLinux"),
    // What processors have instructions for and Swift no names.
    .systemLibrary(name: "CChecksum"),
    .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // Vocabulary and decisions: no I/O, no Foundation.
    library("ObjectStorage", ["CChecksum"]),
    library("MediaFSCore", ["ObjectStorage", systemPackage]),

    // Durable state.
    library("PosixIO", ["CLinux", systemPackage]),
    library(
      "MediaFSCatalog", ["MediaFSCore", "ObjectStorage", "PosixIO", "CSQLite", systemPackage]),
    library("MediaFSCache", ["MediaFSCore", "PosixIO", "CChecksum", systemPackage]),

    // The store.
    library("S3Client", ["ObjectStorage", "CCrypto"]),
    library("CurlHTTP", ["S3Client", "ObjectStorage", "CCurl", "CLinux"]),

    // The filesystem, without FUSE and without S3.
    library(
      "MediaFSEngine",
      [
        "MediaFSCore", "MediaFSCatalog", "MediaFSCache", "ObjectStorage", "PosixIO", log,
        systemPackage,
      ]),

    // Edges: the kernel and the operator.
    library(
      "FuseServer",
      [
        "MediaFSEngine", "MediaFSCore", "ObjectStorage", "PosixIO", "CFuse3", "CLinux", log,
        systemPackage,
      ]),
    library("MediaFSControl", ["MediaFSEngine", "MediaFSCore", "PosixIO", log, systemPackage]),

    // Composition root, commands, configuration.
    .executableTarget(
      name: "mediafs",
      dependencies: [
        "FuseServer", "MediaFSControl", "CurlHTTP", "S3Client", "MediaFSEngine", "MediaFSCore",
        "ObjectStorage", "PosixIO", argumentParser, log, systemPackage, toml,
      ],
      swiftSettings: strict),

    // In-memory store, faults, conformance suites, mount and server harness; never shipped.
    library(
      "MediaFSTesting",
      ["MediaFSEngine", "MediaFSCache", "MediaFSCore", "ObjectStorage", "PosixIO", systemPackage]),

    tests(
      "ObjectStorageTests", ["ObjectStorage", "MediaFSCore", "MediaFSEngine", "MediaFSTesting"]),
    tests("MediaFSCoreTests", ["MediaFSCore", "ObjectStorage", "MediaFSTesting"]),
    tests("PosixIOTests", ["PosixIO", "MediaFSTesting", systemPackage]),
    tests(
      "MediaFSCatalogTests",
      ["MediaFSCatalog", "MediaFSCore", "ObjectStorage", "MediaFSTesting", systemPackage]),
    tests(
      "MediaFSCacheTests",
      ["MediaFSCache", "MediaFSCore", "PosixIO", "MediaFSTesting", systemPackage]),
    tests(
      "S3ClientTests", ["S3Client", "CurlHTTP", "CChecksum", "ObjectStorage", "MediaFSTesting"]),
    tests(
      "MediaFSEngineTests",
      [
        "MediaFSEngine", "MediaFSCore", "MediaFSCatalog", "MediaFSCache", "ObjectStorage",
        "MediaFSTesting", "PosixIO", log, systemPackage,
      ]),
    // Random operations against a model, on simulated time.
    tests(
      "ModelTests",
      [
        "MediaFSEngine", "MediaFSCore", "MediaFSCatalog", "MediaFSCache", "ObjectStorage",
        "MediaFSTesting", "PosixIO", log, systemPackage,
      ]),
    tests(
      "FuseServerTests",
      [
        "FuseServer", "MediaFSEngine", "MediaFSCore", "MediaFSTesting", "PosixIO", "CLinux",
        "memoryfs", systemPackage,
      ]),
    // Served by a process of its own: one that waits for its own mount may wait for ever.
    .executableTarget(
      name: "memoryfs",
      dependencies: [
        "FuseServer", "MediaFSEngine", "MediaFSCore", "MediaFSTesting", "PosixIO", log,
        systemPackage,
      ],
      path: "Tests/MemoryFS", swiftSettings: strict),
    // Random operations on one file, against a buffer in memory; run on a mount by MountTests.
    .executableTarget(
      name: "fileexerciser", dependencies: ["CLinux", "MediaFSTesting"],
      path: "Tests/FileExerciser", swiftSettings: strict),
    tests(
      "MediaFSTests",
      [
        "mediafs", "MediaFSControl", "MediaFSEngine", "MediaFSCore", "ObjectStorage", "PosixIO",
        "MediaFSTesting",
        log, systemPackage,
      ]),
    tests("InteropTests", ["S3Client", "CurlHTTP", "ObjectStorage", "MediaFSTesting"]),
    tests(
      "MountTests",
      ["mediafs", "fileexerciser", "MediaFSTesting", "PosixIO", "CLinux", systemPackage]),
    tests("TidyTests", []),
  ]
)

// `make sanitize`: locks that the thread sanitizer knows take the place of the standard library's.
if Context.environment["MEDIAFS_SANITIZE"] == "thread" {
  let locks = "SanitizedSynchronization"
  for target in package.targets where target.type != .system {
    target.dependencies.append(.target(name: locks))
    target.swiftSettings?.append(.unsafeFlags(["-module-alias", "Synchronization=\(locks)"]))
  }
  package.targets.append(.target(name: locks, path: "Tests/Sanitizing/\(locks)"))
}
