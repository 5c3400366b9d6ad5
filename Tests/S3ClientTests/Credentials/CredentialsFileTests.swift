import Glibc
import MediaFSTesting
import ObjectStorage
import Testing

@testable import S3Client

@Suite struct CredentialsFileTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/credentials" }

  init() throws {
    directory = try TemporaryDirectory()
  }

  private struct CannotWrite: Error {}

  /// Replaces the file, as editors and `aws configure` do.
  private func write(_ bytes: some Sequence<UInt8>) throws {
    let bytes = Array(bytes)
    let descriptor = unsafe open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw CannotWrite() }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
      unsafe rename(path + ".new", path) == 0
    else { throw CannotWrite() }
  }

  private func profile(_ id: String, _ secret: String, name: String = "default") -> String {
    "[\(name)]\naws_access_key_id = \(id)\naws_secret_access_key = \(secret)\n"
  }

  static let layouts = [
    "[default]\naws_access_key_id=a\naws_secret_access_key=b=c+/=\n",
    "\r\n# comment\r\n ; another\r\n [ default ] \r\n AWS_Access_Key_ID =\ta \r\n"
      + "aws_secret_access_key = b=c+/=\r\n",
    "aws_access_key_id = outside\n[other]\naws_access_key_id = x\naws_secret_access_key = y\n"
      + "[default]\naws_secret_access_key = b=c+/=\n#aws_access_key_id = z\nnonsense\n= x\n"
      + "aws_access_key_id = a",
    "[default]\naws_access_key_id = old\n[other]\naws_access_key_id = x\n[default]\n"
      + "aws_access_key_id = a\naws_secret_access_key = b=c+/=\n",
  ]

  @Test(arguments: layouts) func aProfileIsRead(_ text: String) async throws {
    try write(text.utf8)
    let file = SharedCredentialsFile(path: path, profile: "default")
    let expected = Credentials(accessKeyID: "a", secretAccessKey: "b=c+/=")
    #expect(try await file.credentials(rejected: nil) == expected)
  }

  @Test func aSessionTokenBelongsToItsProfile() async throws {
    try write((profile("a", "b") + "aws_session_token = t\n" + profile("c", "d", name: "e")).utf8)
    let first = SharedCredentialsFile(path: path, profile: "default")
    #expect(try await first.credentials(rejected: nil)?.sessionToken == "t")
    let second = SharedCredentialsFile(path: path, profile: "e")
    let expected = Credentials(accessKeyID: "c", secretAccessKey: "d")
    #expect(try await second.credentials(rejected: nil) == expected)
  }

  @Test(arguments: ["", "[default", "[default]", "[default]\naws_access_key_id = a\n", "[other]\n"])
  func aProfileThatIsNotThereHasNothing(_ text: String) async throws {
    try write(text.utf8)
    let file = SharedCredentialsFile(path: path, profile: "default")
    #expect(try await file.credentials(rejected: nil) == nil)
  }

  @Test func theFileIsReadAgainWhenItHasChanged() async throws {
    let file = SharedCredentialsFile(path: path, profile: "default")
    #expect(try await file.credentials(rejected: nil) == nil)
    try write(profile("a", "b").utf8)
    #expect(try await file.credentials(rejected: nil)?.accessKeyID == "a")
    // Of the same size, within the same tick of the clock: another inode.
    try write(profile("c", "d").utf8)
    #expect(try await file.credentials(rejected: nil)?.accessKeyID == "c")
    #expect(unsafe unlink(path) == 0)
    #expect(try await file.credentials(rejected: nil) == nil)
  }

  @Test func aFileThatCannotBeReadIsAnError() async throws {
    try write([0x5B, 0xFF, 0x5D])
    await expectUnreadable(path, "is not UTF-8")
    try write(repeatElement(UInt8(ascii: "#"), count: (1 << 20) + 1))
    await expectUnreadable(path, "is too large")
    await expectUnreadable(directory.path, "cannot be read")
  }

  private func expectUnreadable(_ path: String, _ reason: String) async {
    let error = await #expect(throws: ObjectStoreError.self) {
      try await SharedCredentialsFile(path: path, profile: "default").credentials(rejected: nil)
    }
    #expect(error?.kind == .accessDenied)
    #expect(error?.code == "CredentialsUnreadable")
    #expect(error?.message == "credentials file \(path) \(reason)")
  }

  private func chosen(
    _ environment: [String: String], profile: String? = nil, file: String? = nil
  ) async throws -> String? {
    let chain = CredentialChain.standard(environment: environment, profile: profile, file: file)
    return try await chain.credentials(rejected: nil)?.accessKeyID
  }

  @Test func theUsualOrderIsEnvironmentThenFile() async throws {
    try write((profile("file", "s") + profile("named", "s", name: "p")).utf8)
    let variables = ["AWS_ACCESS_KEY_ID": "variable", "AWS_SECRET_ACCESS_KEY": "s"]
    let location = ["AWS_SHARED_CREDENTIALS_FILE": path]
    let both = variables.merging(location) { $1 }
    #expect(try await chosen(both) == "variable")
    #expect(try await chosen(location) == "file")
    #expect(try await chosen(location.merging(["AWS_PROFILE": "p"]) { $1 }) == "named")
    // Named expressly, the file comes first; the environment still helps out.
    #expect(try await chosen(both, profile: "p") == "named")
    #expect(try await chosen(both, profile: "missing") == "variable")
    #expect(try await chosen(variables, file: path) == "file")
    #expect(try await chosen([:]) == nil)
  }

  @Test func theFileIsLookedForAtHome() async throws {
    _ = try directory.directory(".aws")
    try write(profile("home", "s").utf8)
    #expect(unsafe rename(path, directory.path + "/.aws/credentials") == 0)
    #expect(try await chosen(["HOME": directory.path]) == "home")
  }
}
