import MediaFSTesting
import Testing

extension MountTests {
  /// Two hosts that change the same files through mounts of one namespace, all the time.
  @Suite struct Fight {
    /// `make soak` fights for ten minutes.
    static let seconds = TestEnvironment.inherited["MEDIAFS_FIGHT"].flatMap { Int($0) } ?? 60
    /// A listing is used for this long, so that each of them works on old news.
    static let options = ["metadata.ttl": "1s", "delete.delay": "1s"]
    private static let patience: Duration = .seconds(60)

    /// On a server that checks all conditions: elsewhere a look before the write leaves a moment in
    /// which the later one wins.
    @Test(
      .executes("Changes by others", "An upload only replaces the version that it was made from"),
      .timeLimit(.minutes(15)))
    func noVersionIsLost() throws {
      try Stage.play(on: .ministack) { stage in
        let first = try stage.mount(options: Self.options)
        let second = try stage.otherHost(options: Self.options)
        let notes = stage.path("notes.json")
        let seed = BadNetwork.seed()
        let script = TestEnvironment.support("fight.py")
        let facts = try JSON(
          parsing: succeed(
            [
              "python3", script, "fight", first.directory, second.directory, "\(Self.seconds)",
              "\(seed)", notes,
            ], within: .seconds(Self.seconds + 120)))
        print("fight: \(facts)")
        #expect(facts["acknowledged"]?.int ?? 0 > Self.seconds * 10, "\(facts)")

        for mount in [first, second] { try settle(mount) }
        try first.flush()
        #expect(try first.status()["conflicts"]?.int ?? 0 > 0)
        let fresh = try stage.mount(on: "fresh", cache: "fresh cache")
        try expectSameTree([fresh, first, second])
        let keys = try stage.bucket.keys(prefix: "media/").filter {
          !$0.utf8.starts(with: "media/.mediafs/".utf8)
        }
        let names = try succeed(["ls", fresh.directory]).split(separator: "\n").map {
          "media/" + $0
        }
        #expect(keys.sorted() == names.sorted())
        let problems = try JSON(
          parsing: succeed(["python3", script, "judge", notes, fresh.directory]))
        #expect(problems.texts == [], "seed \(seed)")
      }
    }

    /// Once the news have come to every one of them.
    private func expectSameTree(_ mounts: [Mount]) throws {
      var differences: [String] = []
      do {
        try eventually("the same tree everywhere", within: Self.patience) {
          differences = try mounts.dropFirst().map { mount in
            try run(["diff", "-rq", mounts[0].directory, mount.directory]).output
          }
          return differences.allSatisfy(\.isEmpty)
        }
      } catch {
        Issue.record("\(differences)")
        throw error
      }
    }

    /// A file that was moved here while somebody else replaced it, and whose bytes nobody had
    /// fetched, is kept as a name with an error, until somebody says what becomes of it.
    private func settle(_ mount: Mount) throws {
      let finished = try mount.mediafs("flush", ["--timeout", "240s"], within: .seconds(250))
      let parked = try mount.status()["parked"]?.list ?? []
      #expect((finished.exit == .code(0)) == parked.isEmpty, "\(finished)")
      for item in parked {
        #expect(item["error"]?.text?.utf8.starts(with: "BaseIsGone".utf8) == true, "\(item)")
        try succeed(["rm", mount.directory + "/" + (item["path"]?.text ?? "")])
      }
      try mount.flush()
    }
  }
}
