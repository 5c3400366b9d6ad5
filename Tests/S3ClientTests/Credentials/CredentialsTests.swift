import ObjectStorage
import Testing

@testable import S3Client

@Suite struct CredentialsTests {
  private func read(_ environment: [String: String]) async throws -> Credentials? {
    try await EnvironmentCredentials(environment).credentials(rejected: nil)
  }

  private let amazon = [
    "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c",
  ]

  @Test func amazonsVariablesComeFirst() async throws {
    let both = amazon.merging(["S3_ACCESS_KEY_ID": "x", "S3_SECRET_ACCESS_KEY": "y"]) { $1 }
    let expected = Credentials(accessKeyID: "a", secretAccessKey: "b", sessionToken: "c")
    #expect(try await read(both) == expected)
  }

  @Test(arguments: [
    ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"), ("S3_ACCESS_KEY", "S3_SECRET_KEY"),
  ])
  func theOtherNamesAreKnown(_ id: String, _ secret: String) async throws {
    let expected = Credentials(accessKeyID: "x", secretAccessKey: "y", sessionToken: nil)
    // A token of the other family is not theirs.
    let environment = [id: "x", secret: "y", "AWS_SESSION_TOKEN": "c"]
    #expect(try await read(environment) == expected)
  }

  @Test func aPairIsNotPutTogetherFromTwoFamilies() async throws {
    #expect(try await read(["AWS_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "y"]) == nil)
    #expect(try await read(["AWS_ACCESS_KEY_ID": "a"]) == nil)
    #expect(try await read([:]) == nil)
  }

  @Test func anEmptyVariableIsAnUnsetOne() async throws {
    let empty = amazon.merging(["AWS_ACCESS_KEY_ID": ""]) { $1 }
    #expect(try await read(empty) == nil)
    let noToken = amazon.merging(["AWS_SESSION_TOKEN": ""]) { $1 }
    #expect(try await read(noToken)?.sessionToken == nil)
  }

  @Test func aSecretIsNeverPrinted() {
    let credentials = Credentials(
      accessKeyID: "ID", secretAccessKey: "SECRET", sessionToken: "TOKEN")
    var dumped = ""
    dump(credentials, to: &dumped)
    for text in ["\(credentials)", String(reflecting: credentials), dumped] {
      #expect(text.contains("ID"))
      #expect(!text.contains("SECRET") && !text.contains("TOKEN"))
    }
  }

  @Test func theFirstSourceOfAChainThatHasSomethingWins() async throws {
    let first = Credentials(accessKeyID: "1", secretAccessKey: "s")
    let second = Credentials(accessKeyID: "2", secretAccessKey: "s")
    let chain = CredentialChain([
      EnvironmentCredentials([:]), StaticCredentials(first), StaticCredentials(second),
    ])
    #expect(try await chain.credentials(rejected: nil) == first)
    #expect(try await CredentialChain([]).credentials(rejected: nil) == nil)
  }
}
