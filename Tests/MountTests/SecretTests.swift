import MediaFSTesting
import Testing

extension MountTests {
  /// Credentials and files are nobody else's business.
  @Suite struct Secrets {
    private static let nobody = [
      "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
    ]

    @Test(.executes("Other users and secrets", "Credentials are in no log"))
    func credentialsAreNowhereToBeSeen() throws {
      try Stage.play { stage in
        let secret = stage.bucket.access.secretKey
        try #require(secret.utf8.count >= 8, "too short to be looked for: \(secret)")
        try stage.bucket.put("media/remote", "remote")
        let proxy = try S3Proxy(to: stage.bucket.access)
        let mount = try stage.mount(
          through: proxy.access,
          options: ["log.level": "debug", "s3.deadline": "2s"])
        // What works and what does not.
        try shell("cat \"$1\"/remote; echo local > \"$1\"/local", mount.directory)
        try mount.flush()
        for (status, code) in [(403, "SignatureDoesNotMatch"), (400, "ExpiredToken")] {
          try proxy.fail(status: status, code: code)
          _ = try run(["ls", mount.directory + "/unknown"])
          _ = try run(["sh", "-c", "echo again > '\(mount.directory)/again'"])
        }
        try proxy.admit()

        let daemon = try #require(mount.daemon)
        let outputs = try [
          mount.mediafs("status"), mount.mediafs("status", ["--json"]),
          run(["cat", "/proc/\(daemon)/cmdline"]),
          run(
            Self.show(stage, proxy.access), environment: proxy.access.credentials),
        ].map(\.description)
        // Nor what is made of it: whoever has that can repeat the request.
        for text in [secret, "Signature="] { try expectNowhere(text, stage, outputs) }
      }
    }

    /// On a server that takes any.
    @Test(.executes("Other users and secrets", "Credentials are in no log"))
    func aSessionTokenIsNowhereToBeSeen() throws {
      try Stage.play(on: .ministack) { stage in
        var access = stage.bucket.access
        let token = "the-token-of-this-session"
        access.sessionToken = token
        let mount = try stage.mount(through: access, options: ["log.level": "debug"])
        try shell("echo local > \"$1\"/local", mount.directory)
        try mount.flush()
        let outputs = try [
          mount.mediafs("status"), mount.mediafs("status", ["--json"]),
          run(Self.show(stage, access), environment: access.credentials),
        ].map(\.description)
        try expectNowhere(token, stage, outputs)
      }
    }

    private func expectNowhere(_ text: String, _ stage: Stage, _ outputs: [String]) throws {
      for output in outputs { #expect(!output.contains(text), "\(output)") }
      let hits = try run(["grep", "-rlF", "--", text, stage.path("cache")])
      #expect(hits.exit == .code(1), "\(hits)")
    }

    private static func show(_ stage: Stage, _ access: S3Access) -> [String] {
      [
        TestEnvironment.program, "config", "show", "s3://\(stage.bucket.name)/media",
        "-o", "s3.endpoint=\(access.url)",
      ]
    }

    @Test(.executes("Other users and secrets", "Credentials are in no log"))
    func aDaemonLeavesNoCoreAndIsReadByNobody() throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let daemon = try #require(mount.daemon)
        let limits = try succeed(
          ["prlimit", "--pid", "\(daemon)", "--core", "--raw", "--noheadings"])
        #expect(limits.split(separator: " ").filter { $0 == "0" }.count == 2, "\(limits)")
        // proc(5): what is in there belongs to root when a process is not dumpable.
        let own = Self.nobody + ["sh", "-c", "stat -c %u /proc/$$/environ"]
        #expect(try succeed(own) == "65534\n")
        // One that waits for its store, as a user of no importance.
        let proxy = try S3Proxy(to: stage.bucket.access)
        try proxy.hang()
        let mountpoint = try stage.directory.directory("theirs")
        try shell("chmod 755 \"$2\"; chown 65534 \"$1\"", mountpoint, stage.directory.path)
        let theirs = try ChildProcess(
          Self.nobody + [
            TestEnvironment.program, "mount", "--foreground", "s3://\(stage.bucket.name)/theirs",
            mountpoint, "-o",
            "s3.endpoint=\(proxy.access.url),cache.directory=\(mountpoint)/cache",
          ], environment: proxy.access.credentials)
        try eventually("a process that is not dumpable", within: .seconds(20)) {
          if theirs.poll() != nil { throw HarnessError(theirs.standardError) }
          let words = try run(["cat", "/proc/\(theirs.pid)/cmdline"]).output
          // setpriv itself is not dumpable from when it has changed its user.
          guard words.utf8.starts(with: TestEnvironment.program.utf8) else { return false }
          return try run(["stat", "-c", "%u", "/proc/\(theirs.pid)/environ"]).output == "0\n"
        }
        theirs.signal(15)
        _ = try theirs.wait(within: .seconds(30))
        Mount.end(mountpoint)
      }
    }

    @Test(
      .executes("Other users and secrets", "Without `allow_other`"),
      .executes("Other users and secrets", "The cache directory is `0700`"))
    func anotherUserSeesNothing() throws {
      try Stage.play { stage in
        try shell("chmod 755 \"$1\"", stage.directory.path)
        let mount = try stage.mount(options: ["upload.delay": "1h", "upload.max_delay": "2h"])
        try shell("echo secret > \"$1\"/file; chmod 644 \"$1\"/file", mount.directory)
        let cache = stage.path("cache")
        #expect(try succeed(["find", cache, "-perm", "/077", "-not", "-type", "l"]) == "")
        let kind = try succeed(["stat", "-c", "%a %F", cache + "/control.sock"])
        #expect(kind == "600 socket\n")
        let attempts = [
          ["ls", cache], ["cat", cache + "/catalog.sqlite"], ["ls", mount.directory],
          ["cat", mount.directory + "/file"],
          [TestEnvironment.program, "status", mount.directory],
          [TestEnvironment.program, "umount", mount.directory],
          [TestEnvironment.program, "pause", mount.directory],
        ]
        for attempt in attempts {
          let finished = try run(Self.nobody + attempt)
          #expect(finished.exit != .code(0), "\(finished)")
          #expect(!finished.output.contains("secret"))
        }
        #expect(try mount.status()["paused"] == false)
      }
    }

    @Test(.executes("Other users and secrets", "Without `allow_other`"))
    func whoMayUseTheMountIsBoundByPermissions() throws {
      try Stage.play { stage in
        try shell("chmod 755 \"$1\"", stage.directory.path)
        let mount = try stage.mount(options: ["allow_other": ""])
        let options = try succeed(
          ["findmnt", "-n", "-o", "OPTIONS", mount.directory])
        #expect(options.contains("allow_other") && options.contains("default_permissions"))
        try shell(
          "umask 077; echo secret > \"$1\"/mine; echo all > \"$1\"/all; chmod 644 \"$1\"/all",
          mount.directory)
        let mine = try run(Self.nobody + ["cat", mount.directory + "/mine"])
        #expect(mine.exit != .code(0) && mine.errors.contains("Permission denied"))
        #expect(try succeed(Self.nobody + ["cat", mount.directory + "/all"]) == "all\n")
        let status = try run(Self.nobody + [TestEnvironment.program, "status", mount.directory])
        #expect(status.exit != .code(0), "\(status)")
      }
    }
  }
}
