import MediaFSTesting
import Testing

extension MountTests {
  /// `kill -9` of the daemon while a tree and a large file are copied in.
  @Suite(.serialized) struct Killed {
    enum Moment: String, CaseIterable, CustomTestStringConvertible {
      case inTheTree, inTheLargeFile, whileUploading

      var testDescription: String { rawValue }

      /// Whether it has come, from the ledger of what was acknowledged and the copy's state.
      func hasCome(ledger: String, copy: ChildProcess, mount: Mount) throws -> Bool {
        switch self {
        case .inTheTree:
          return try lines(in: ledger) > MountTests.treeSize
        case .inTheLargeFile:
          return try lines(with: MountTests.largeFileName, in: ledger) > 2_000
        case .whileUploading:
          return try copy.poll() != nil && (mount.status()["dirty"]?["files"]?.int ?? 0) > 0
        }
      }

      private func lines(with text: String = "", in file: String) throws -> Int {
        let counted = try run(["grep", "-c", "-F", "-e", text, file]).output
        return Int(counted.split(separator: "\n").first ?? "0") ?? 0
      }
    }

    @Test(
      .executes("What survives what", "A file that was being written when the daemon died"),
      arguments: Moment.allCases)
    func nothingAcknowledgedIsMissing(_ moment: Moment) throws {
      try Stage.play { stage in
        let source = stage.path("source")
        let ledger = stage.path("ledger")
        _ = try makeTree(at: source)
        let script = ["python3", TestEnvironment.support("acknowledged.py")]
        let arguments = [source, stage.path("mount"), ledger]

        let mount = try stage.mount()
        let copy = try ChildProcess(script + ["copy"] + arguments)
        try eventually("\(moment)", within: .seconds(300)) {
          try moment.hasCome(ledger: ledger, copy: copy, mount: mount)
        }
        try mount.crash()
        try copy.wait(within: .seconds(60))

        let again = try stage.mount()
        let afterKill = try run(script + ["check"] + arguments, within: .seconds(300))
        #expect(afterKill.exit == .code(0), "\(afterKill)")
        try again.flush()
        #expect(try again.status()["dirty"]?["files"]?.int == 0)
        try expectModestMemory(again)
        try again.unmount()

        // The store has it, too: nothing is left of the first cache.
        let fresh = try stage.mount(cache: "another cache")
        let fromStore = try run(script + ["check"] + arguments, within: .seconds(300))
        #expect(fromStore.exit == .code(0), "\(fromStore)")
        try fresh.unmount()
      }
    }
  }
}
