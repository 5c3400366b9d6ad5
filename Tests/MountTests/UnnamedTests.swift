import MediaFSTesting
import Testing

extension MountTests {
  /// What has lost its last name lives on for those who use it, without being open.
  @Suite struct Unnamed {
    /// Defines `gone(number)`: a descriptor's inode has no name any more.
    private static let preamble = """
      import os

      def gone(number):
          status = os.fstat(number)
          assert status.st_nlink == 0, status
          return status

      """

    @Test func aDirectoryThatIsOpenOrWorkedIn() throws {
      try play(
        """
        os.mkdir("open", 0o750)
        number = os.open("open", os.O_RDONLY)
        os.rmdir("open")
        assert gone(number).st_mode == 0o40750
        assert os.listdir(number) == []
        os.fchmod(number, 0o700)
        assert gone(number).st_mode == 0o40700
        for name in ["x", ".."]:
            try:
                os.mkdir(name + "/y", dir_fd=number)
            except FileNotFoundError:
                pass
            else:
                assert name == "..", name
        os.mkdir("replaced"); os.mkdir("replacing")
        number = os.open("replaced", os.O_RDONLY)
        os.rename("replacing", "replaced")
        gone(number)
        os.mkdir("working")
        top = os.open(".", os.O_RDONLY)
        os.chdir("working")
        os.rmdir("../working")
        assert os.stat(".").st_nlink == 0
        assert os.listdir(".") == []
        os.fchdir(top)
        """, leaving: ["media/replaced/", "media/y/"])
    }

    @Test func aFileBehindADescriptorThatOnlyStandsForIt() throws {
      try play(
        """
        with open("file", "w") as file: file.write("bytes")
        os.symlink("target", "link")
        number, link = os.open("file", os.O_PATH), os.open("link", os.O_PATH | os.O_NOFOLLOW)
        os.unlink("file"); os.unlink("link")
        assert gone(number).st_size == 5
        gone(link)
        assert os.readlink("", dir_fd=link) == "target"
        with open(f"/proc/self/fd/{number}", "r+") as file:
            assert file.read() == "bytes"
            file.write(" and more")
        with open(f"/proc/self/fd/{number}") as file: assert file.read() == "bytes and more"
        os.chmod(f"/proc/self/fd/{number}", 0o600)
        assert gone(number).st_mode == 0o100600
        """, leaving: [])
    }

    @Test func aFileThatWasReplacedBeneathItsReader() throws {
      try play(
        """
        with open("old", "w") as file: file.write("old")
        with open("new", "w") as file: file.write("new")
        number = os.open("old", os.O_RDWR)
        os.rename("new", "old")
        gone(number)
        assert os.pread(number, 10, 0) == b"old"
        os.ftruncate(number, 1)
        os.fchmod(number, 0o600)
        assert gone(number).st_size == 1
        os.close(number)
        with open("old") as file: assert file.read() == "new"
        """, leaving: ["media/old"])
    }

    /// Runs a program on a mount; afterwards nothing of what was unnamed takes space.
    private func play(_ program: String, leaving keys: [String]) throws {
      try Stage.play { stage in
        let mount = try stage.mount(options: ["delete.delay": "0"])
        try shell("cd \"$2\"; python3 -c \"$1\"", Self.preamble + program, mount.directory)
        try mount.flush()
        #expect(try stage.bucket.keys() == keys)
        try shell("rm -rf \"$1\"/*", mount.directory)
        try eventually("the end of all bytes", within: .seconds(30)) {
          try mount.status()["cache"]?["bytes"]?.int == 0
        }
      }
    }
  }
}
