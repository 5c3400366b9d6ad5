package import ObjectStorage

/// One named part of the contract of an ``ObjectStore``.
package struct ConformanceCheck: Sendable, CustomStringConvertible {
  package let name: String
  /// What a store must be able to do for this check to make sense; all of them do where `nil`.
  let isApplicable: @Sendable (StoreTraits) -> Bool
  let body: @Sendable (Conformance) async throws -> Void

  init(
    _ name: String, where isApplicable: @escaping @Sendable (StoreTraits) -> Bool = { _ in true },
    _ body: @escaping @Sendable (Conformance) async throws -> Void
  ) {
    self.name = name
    self.isApplicable = isApplicable
    self.body = body
  }

  package var description: String { name }
}

/// How a store did not do what the contract says.
package struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
  package let message: String
  package var description: String { message }
}

/// The contract of ``ObjectStore`` as a table of checks, run on every store there is.
package enum ObjectStoreConformance {
  package static let checks =
    objectChecks + rangeChecks + conditionChecks + copyChecks + multipartChecks + partChecks
    + listingChecks + keyChecks + checksumChecks

  /// The checks that a store with these traits must pass.
  package static func checks(for traits: StoreTraits) -> [ConformanceCheck] {
    checks.filter { $0.isApplicable(traits) }
  }

  /// Runs one check on keys of its own beneath `prefix`, and removes them.
  package static func run(
    _ check: ConformanceCheck, on store: any ObjectStore, prefix: String,
    traits: StoreTraits = StoreTraits()
  ) async throws {
    let slug = check.name.split(separator: " ").joined(separator: "-")
    let conformance = Conformance(store: store, traits: traits, prefix: prefix + slug + "/")
    do {
      try await check.body(conformance)
    } catch {
      try? await conformance.removeAll()
      throw error
    }
    try await conformance.removeAll()
  }

  /// Runs all checks that apply and returns those that failed, with the reason.
  package static func run(
    on store: any ObjectStore, prefix: String, traits: StoreTraits = StoreTraits()
  ) async -> [(check: String, failure: any Error)] {
    var failures: [(String, any Error)] = []
    for check in checks(for: traits) {
      do {
        try await run(check, on: store, prefix: prefix, traits: traits)
      } catch {
        failures.append((check.name, error))
      }
    }
    return failures
  }
}
