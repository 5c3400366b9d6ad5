import MediaFSEngine
import Testing

@testable import mediafs

@Suite struct ProgressTests {
  private typealias Count = VolumeStatus.Count

  @Test func barShowsShareAndRest() {
    var progress = Progress(.bar)
    #expect(progress.update(left: Count(files: 4, bytes: 4_096))?.contains("] 0%  4 files") == true)
    let half = progress.update(left: Count(files: 2, bytes: 2_048))
    #expect(half?.contains("[###############...............] 50%") == true)
    #expect(progress.update(left: Count())?.contains("100%  0 files (0 B) left") == true)
  }

  @Test func growingQueueIsNotNegativeProgress() {
    var progress = Progress(.lines)
    _ = progress.update(left: Count(files: 1, bytes: 100))
    let text = progress.update(left: Count(files: 9, bytes: 1_000)) ?? "0%"
    #expect(!text.contains("-"))
  }

  @Test func linesAreFew() {
    var progress = Progress(.lines)
    let lines = (0...1_000).reversed().compactMap {
      progress.update(left: Count(files: $0, bytes: Int64($0)))
    }
    #expect(lines.count == 11)
    #expect(lines.first == "0% uploaded, 1000 files (1000 B) left\n")
    #expect(lines.last == "100% uploaded, 0 files (0 B) left\n")
  }

  @Test func emptyFilesCountToo() {
    var progress = Progress(.lines)
    _ = progress.update(left: Count(files: 2))
    #expect(progress.update(left: Count(files: 1))?.hasPrefix("50% uploaded, 1 file (") == true)
  }

  @Test func silenceIsSilent() {
    var progress = Progress(.init(isWanted: false, isTerminal: true))
    #expect(progress.update(left: Count(files: 1)) == nil && progress.end() == "")
  }
}

@Suite struct VerificationTextTests {
  @Test func tellsWhatWasFound() {
    var found = Verification()
    found.checked = VolumeStatus.Count(files: 3, bytes: 2_048)
    #expect(VerificationText(found).text == "3 files (2.00 KiB) checked\n")
    found.damagedBlocks = 2
    found.repairedBlocks = 1
    found.damaged = [
      Verification.Damage(path: "a", offset: 0, bytes: 9, isRepaired: true, error: nil),
      Verification.Damage(
        path: "b\u{1B}[2J", offset: 65_536, bytes: 7, isRepaired: false, error: "it is gone"),
    ]
    found.dirty = VolumeStatus.Count(files: 1, bytes: 4)
    found.changedFiles = 1
    found.changed = ["c"]
    let text = VerificationText(found).text
    #expect(text.contains("2 damaged blocks, 1 repaired\n"))
    #expect(text.contains("1 file (4 B) not uploaded yet\n1 changed or gone in the store\n"))
    #expect(text.contains("a, 9 bytes at 0: repaired\n"))
    #expect(text.contains("7 bytes at 65536: it is gone"))
    #expect(text.hasSuffix("changed in the store: c\n") && !text.contains("\u{1B}"))
  }
}

@Suite struct StatusTextTests {
  @Test func showsEverything() {
    #expect(
      StatusText(.example).text == """
        /srv/media  s3://media/photos/  online
          total        2,000 files, 3.00 GiB
          local          500 files, 1.00 GiB
          dirty            3 files, 300 B
          remote only  1,500 files, 2.00 GiB
          cache        1.00 GiB of 10.0 GiB (10%), 90% of reads hit, 5 evictions
          passthrough  7 open files, 1.00 MiB
          uploads      3 waiting (300 B), 1 active, oldest 12s, 4 retries
                       last error: SlowDown: Please reduce your request rate.
          downloads    idle
          deletes      1 waiting (7 B)
          requests     GetObject 34, PutObject 12
          conflicts    2, both versions were kept
          parked       1, refused by the store; see mediafs retry
                       a/b.jpg: AccessDenied: no right to write

        """)
  }

  @Test func namesCannotDriveTheTerminal() {
    var status = VolumeStatus.example
    status.parked = [.init(path: "a\u{1B}[2Jb", error: "x\ny")]
    let text = StatusText(status).text
    #expect(!text.contains("\u{1B}") && !text.contains("x\ny"))
  }

  @Test func saysWhatIsNotAsUsual() {
    var status = VolumeStatus.example
    status.offline = "for 5 s: CouldNotConnect"
    status.paused = true
    status.violations = 3
    status.cache.damaged = 4
    let text = StatusText(status).text
    #expect(text.contains("offline: for 5 s: CouldNotConnect, uploads paused"))
    #expect(text.contains("  damaged      4 cached blocks, dropped"))
    #expect(text.contains("  faults       3: the log says which\n"))
  }

  @Test(arguments: [(0.4, "0s"), (59.9, "59s"), (3_661, "1h1m"), (90_061, "1d1h"), (-1, "0s")])
  func agesHaveTwoUnits(_ seconds: Double, _ text: String) {
    #expect(StatusText.duration(seconds) == text)
  }
}
