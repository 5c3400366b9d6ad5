import ArgumentParser
import Logging
import MediaFSCore
import PosixIO

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Tries out what a mount needs of its store.",
    discussion: """
      Example: mediafs check s3://bucket/photos -o s3.endpoint=https://s3.example.org

      Writes, reads, lists and deletes an object of random name beneath .mediafs/ in the \
      namespace, and says which right or feature is missing.
      """)

  @OptionGroup var arguments: ConfigurationArguments

  func run() throws {
    let environment = ProcessEnvironment.variables()
    var arguments = arguments
    // The mountpoint plays no part.
    arguments.directory = arguments.directory ?? "."
    let plan = try arguments.plan(environment)
    for warning in plan.warnings { ProcessEnvironment.printError("mediafs: \(warning)") }
    let connection = try StoreConnection(plan, environment: environment, createsDirectory: true)
    try BlockingExecutor().run { () async throws(Failure) in
      try await Self.check(plan, connection)
    }
  }

  private static func check(
    _ plan: MountPlan, _ connection: StoreConnection
  ) async throws(Failure) {
    let log = Logger.standardError(plan.settings.log)
    try await StoreCheck(plan: plan, connection: connection, isKnown: false, log: log).run()
    print("The store answers at \(connection.address)")
    let trial = StoreTrial(store: connection.store, source: plan.source)
    let report = await trial.run { step in print(step) }
    if let failure = report.failure(address: connection.address, source: plan.source) {
      throw failure
    }
  }
}
