import MediaFSTesting
import Testing

extension MountTests {
  /// Keys that no path stands for, put by somebody who means no good.
  @Suite struct HostileBucket {
    static let long = String(repeating: "l", count: 255)
    static let deep = Array(repeating: String(repeating: "n", count: 200), count: 5)
      .joined(separator: "/")

    /// Names that are odd, and names all the same.
    static let good = [
      "good.txt", "d/good.txt", "d/sub/good.txt", "a\u{1}b", "tab\tand\rreturn", "-rf",
      "* ?[x]", "back\\slash", " leads", "trails ", "%2e%2e%2f", "%FF%FE", "%00", "e\u{301}",
      "\u{E9}", "\u{202E}txt.exe", "$(reboot)", "clash/inside", long, String(deep.prefix(1_018)),
    ]
    /// What cannot be the name of a file, or lies elsewhere.
    static let bad = [
      "media/../up", "media/.", "media/..", "media//double", "media/d//x", "media/d/.",
      "media/../../etc/passwd", "media/d/sub/../z", "/media/leads", "media/" + long + "m",
      "media/" + long + "m/file", "mediaother/file", "media/clash",
    ]

    @Test(
      .executes("Files and objects", "Keys that are no path"),
      .executes("Files and objects", "Where the bucket holds both `x` and `x/…`"),
      arguments: [S3Server.Kind.ceph, .ministack])
    func whatIsNoPathIsHiddenAndStays(server: S3Server.Kind) throws {
      try Stage.play(on: server) { stage in
        for key in Self.good { try stage.bucket.put("media/" + key, key) }
        for key in Self.bad { try stage.bucket.put(key, key) }
        let mount = try stage.mount(options: ["metadata.ttl": "0s"])
        let application = try Application(in: mount.directory)
        try application.run(
          """
          def files():
              return sorted(os.path.relpath(os.path.join(place, name), '.')
                            for place, _, names in os.walk('.') for name in names)
          """)
        #expect(Set(try application.value("files()").texts) == Set(Self.good))
        let others = "[name for name in files() if read(name) != name.encode()]"
        #expect(try application.value(others).texts == [])
        // Once, though the directories were listed many times.
        let log = try succeed(["cat", stage.path("cache") + "/mediafs.log"])
        let lines = log.split(separator: "\n").filter { $0.contains("Objects without a path") }
        #expect(lines.count == 3, "\(log)")
        try application.end()
        try mount.unmount()

        let calm = try stage.mount(options: ["delete.delay": "0s", "metadata.ttl": "1h"])
        try shell("cd \"$1\" && rm -r -- * && test -z \"$(ls -A)\"", calm.directory)
        try calm.flush()
        #expect(Set(try stage.bucket.keys()) == Set(Self.bad))
        try calm.unmount()

        // What was covered by a directory, and directories beneath which something is left.
        let fresh = try stage.mount(cache: "fresh")
        let found = try succeed(["find", fresh.directory, "-mindepth", "1", "-printf", "%P\n"])
        #expect(found.split(separator: "\n").sorted() == ["clash", "d", "d/sub"])
        #expect(try succeed(["cat", fresh.directory + "/clash"]) == "media/clash")
      }
    }
  }
}
