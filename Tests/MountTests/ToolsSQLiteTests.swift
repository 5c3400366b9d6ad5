import MediaFSTesting
import Testing

extension MountTests {
  /// Databases on the mount: locks between processes, shared memory, journals, killed writers.
  @Suite struct ToolsSQLite {
    @Test(arguments: ["wal", "delete", "truncate", "persist"])
    func aDatabaseSurvivesItsWritersAndIsOneObject(_ mode: String) throws {
      try Stage.play { stage in
        let mount = try stage.mount()
        let directory = mount.directory + "/data"
        try succeed(["mkdir", directory])
        let finished = try run(
          ["python3", TestEnvironment.support("sqlitework.py"), directory + "/media.db", mode],
          within: .seconds(180))
        #expect(finished.exit == .code(0), "\(finished)")
        try mount.flush()
        let local = try succeed(["sha256sum", directory + "/media.db"]).prefix(64)
        #expect(try stage.bucket.sha256("media/data/media.db") == local)
        try mount.unmount(drains: true)

        // The database of the store alone, as another host would open it.
        let fresh = try stage.mount(cache: "another cache")
        let check = try shell(
          "sqlite3 \"$1\" 'pragma integrity_check; select sum(amount) from account'",
          fresh.directory + "/data/media.db")
        #expect(check == "ok\n1000\n")
      }
    }
  }
}
