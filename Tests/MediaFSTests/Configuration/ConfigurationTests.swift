import MediaFSCore
import MediaFSEngine
import Testing

@testable import mediafs

/// Reads a configuration as `mount` does, with as many layers as the test needs.
func configuration(
  file: String? = nil, environment: [String: String] = [:], options: [String] = [],
  arguments: [Assignment] = []
) throws(ConfigurationError) -> Configuration {
  var layer: ConfigurationFile?
  if let file {
    layer = ConfigurationFile(
      path: "test.toml", assignments: try ConfigurationFile.assignments(file, path: "test.toml"),
      isReadableByOthers: true)
  }
  return try Configuration(
    file: layer, environment: environment, options: options, arguments: arguments,
    owner: Owner(user: 7, group: 8))
}

@Suite struct PrecedenceTests {
  private let file = """
    [upload]
    delay = "1s"
    """

  @Test func builtIn() throws {
    let found = try configuration()
    #expect(found.settings.volume.uploadDelay == .seconds(10))
    #expect(found.settings.volume.defaultOwner == Owner(user: 7, group: 8))
    #expect(found.origins.isEmpty)
  }

  @Test func fileOverBuiltIn() throws {
    let found = try configuration(file: file)
    #expect(found.settings.volume.uploadDelay == .seconds(1))
    #expect(found.origins["upload.delay"] == .file(path: "test.toml", line: 2))
  }

  @Test func environmentOverFile() throws {
    let found = try configuration(file: file, environment: ["MEDIAFS_UPLOAD_DELAY": "2s"])
    #expect(found.settings.volume.uploadDelay == .seconds(2))
    #expect(found.origins["upload.delay"] == .environment(variable: "MEDIAFS_UPLOAD_DELAY"))
  }

  @Test func optionOverEnvironment() throws {
    let found = try configuration(
      file: file, environment: ["MEDIAFS_UPLOAD_DELAY": "2s"], options: ["upload.delay=3s"])
    #expect(found.settings.volume.uploadDelay == .seconds(3))
    #expect(found.origins["upload.delay"] == .option)
  }

  @Test func laterOptionOverEarlier() throws {
    let found = try configuration(options: ["upload.delay=3s,ro", "upload.delay=4s", "rw"])
    #expect(found.settings.volume.uploadDelay == .seconds(4))
    #expect(!found.settings.volume.readOnly)
  }

  @Test func ownVariableOverThoseOfOthers() throws {
    var environment = [
      "S3_ENDPOINT_URL": "http://c", "AWS_ENDPOINT_URL": "http://b",
      "AWS_ENDPOINT_URL_S3": "http://a",
    ]
    #expect(try configuration(environment: environment).settings.store.endpoint == "http://a")
    environment["MEDIAFS_S3_ENDPOINT"] = "http://own"
    #expect(try configuration(environment: environment).settings.store.endpoint == "http://own")
    environment = ["AWS_ENDPOINT_URL": "", "S3_ENDPOINT_URL": "http://c"]
    #expect(try configuration(environment: environment).settings.store.endpoint == "http://c")
  }

  @Test func unknownVariableIsAWarning() throws {
    let found = try configuration(environment: ["MEDIAFS_UPLOAD_DELAYS": "1s", "HOME": "/"])
    #expect(found.warnings.count == 1)
    #expect(found.warnings.first?.contains("MEDIAFS_UPLOAD_DELAYS") == true)
  }
}

@Suite struct OptionTests {
  @Test func mountsOwnOptionsKeepTheirNames() throws {
    let found = try configuration(options: [
      "defaults,ro,allow_other,uid=33,gid=34,umask=027,nosuid,nodev,noatime,_netdev,nofail",
      "x-systemd.automount,x-systemd.requires=network.target,comment=hello,default_permissions",
    ])
    let settings = found.settings
    #expect(settings.volume.readOnly && settings.kernel.allowsOther)
    #expect(settings.volume.defaultOwner == Owner(user: 33, group: 34))
    #expect(settings.effectiveFileMode == 0o640 && settings.effectiveDirectoryMode == 0o750)
    #expect(settings.kernel.options == ["nosuid", "nodev", "noatime"])
  }

  @Test func modesWinOverUmask() throws {
    let found = try configuration(options: ["umask=077,mount.file_mode=640"])
    #expect(found.settings.effectiveFileMode == 0o640)
    #expect(found.settings.effectiveDirectoryMode == 0o700)
  }

  @Test func flagsNeedNoValue() throws {
    #expect(try configuration(options: ["upload.synchronous"]).settings.volume.uploadSynchronous)
    #expect(throws: ConfigurationError.self) { try configuration(options: ["upload.delay"]) }
  }

  @Test func commasCanBeEscaped() throws {
    let found = try configuration(options: [#"namespace=a\,b,s3.profile=c"#])
    #expect(found.settings.namespace == "a,b")
    #expect(found.settings.store.profile == "c")
  }
}

@Suite struct RefusalTests {
  private func refusal(
    file: String? = nil, environment: [String: String] = [:], options: [String] = []
  ) -> String {
    do {
      _ = try configuration(file: file, environment: environment, options: options)
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    ("upload.dealy=1s", "upload.delay"), ("s3.endpont=x", "s3.endpoint"),
    ("allow_others", "allow_other"), ("cachesize=1GiB", "cache.size"), ("delay=1", "delete.delay"),
  ])
  func unknownKeySuggests(_ option: String, _ meant: String) {
    let text = refusal(options: [option])
    #expect(text.contains("unknown key") && text.contains("did you mean \"\(meant)\"?"))
  }

  @Test func unknownKeyWithoutLikeness() {
    #expect(refusal(options: ["colour=red"]) == "unknown key \"colour\" (option -o)")
  }

  @Test func namesKeyValuePlaceAndWhatIsAllowed() {
    let file = """
      source = "s3://bucket"

      [cache]
      # as much as there is
      size = "plenty"
      """
    #expect(
      refusal(file: file)
        == "cache.size: \"plenty\" is not valid (test.toml:5); allowed is a size such as 64MiB "
        + "or 10GB, from 16MiB to 32PiB")
    #expect(
      refusal(environment: ["MEDIAFS_LOG_FORMAT": "xml"])
        == "log.format: \"xml\" is not valid (environment variable MEDIAFS_LOG_FORMAT); "
        + "allowed is text, json")
  }

  @Test func brokenFileNamesItsLine() {
    #expect(refusal(file: "[cache]\nsize = \n").contains("test.toml:2"))
  }

  @Test func listsAreNoValues() {
    #expect(refusal(file: "[s3]\nregion = [1, 2]").contains("s3.region: array is not valid"))
  }

  @Test(arguments: ["s3.sse=kms", "s3.acl=private", "control.http=127.0.0.1:80"])
  func plannedKeysAreNotIgnored(_ option: String) {
    #expect(refusal(options: [option]).contains("has no effect in this version"))
  }

  @Test(arguments: ["s3.secret_access_key=hunter2", "s3.access_key=hunter2", "password=hunter2"])
  func secretsAreRefusedAndNotRepeated(_ option: String) {
    let text = refusal(options: [option])
    #expect(text.contains("AWS_SECRET_ACCESS_KEY") && !text.contains("hunter2"))
  }

  @Test func passwordsOfProxiesStayOffTheCommandLine() {
    let text = refusal(options: ["s3.proxy=http://me:hunter2@proxy:3128"])
    #expect(text.contains("MEDIAFS_S3_PROXY") && !text.contains("hunter2"))
    #expect(refusal(options: ["s3.proxy=http://proxy:3128"]) == "accepted")
    let file = "[s3]\nproxy = \"http://me:hunter2@proxy:3128\""
    #expect(refusal(file: file).contains("others may read it"))
  }

  @Test func overriddenValuesAreCheckedToo() {
    #expect(refusal(file: "[upload]\ndelay = 5", options: ["upload.delay=1s"]) != "accepted")
  }
}

@Suite struct ConfigurationTableTests {
  @Test func namesAreUnique() {
    let names = ConfigurationTable.keys.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test func defaultsCanBeWrittenAsValues() {
    for key in ConfigurationTable.keys where !key.defaultValue.isEmpty {
      var settings = Settings()
      #expect(key.set(key.defaultValue, in: &settings), "\(key.name)")
      #expect(key.value(in: settings) == key.defaultValue, "\(key.name)")
    }
  }

  @Test func plannedKeysAreNotDeclared() {
    #expect(RefusedKeys.planned.isDisjoint(with: ConfigurationTable.keys.map(\.name)))
  }
}
