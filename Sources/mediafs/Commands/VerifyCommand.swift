import ArgumentParser
import MediaFSControl
import MediaFSEngine

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compares what is cached with its checksums, and asks the store for the objects.",
    discussion: """
      Example: mediafs verify /srv/media/2026 --repair

      Reads every cached byte. What is not uploaded yet has no checksum and is only counted. That \
      somebody has changed an object in the store is no damage. Ends with status 1 when there is \
      damage that was not repaired.
      """)

  @Argument(help: "A file or directory on a mount; without it all of the mount.")
  var path: String?

  @Flag(name: .customLong("repair"), help: "Fetch damaged bytes from the store again.")
  var isRepairing = false

  @Flag(help: "Print JSON.") var json = false

  @Flag(name: .customLong("no-progress"), help: "Print no progress.")
  var isQuiet = false

  func run() throws {
    let mount = try RunningMount.find(path)
    let found = try ask(mount)
    ProcessEnvironment.print(json ? try JSONDocument.of(found) : VerificationText(found).text)
    guard found.isIntact else {
      let left = found.damagedBlocks - found.repairedBlocks
      throw Failure(.failure, "\(left) damaged \(left == 1 ? "block is" : "blocks are") left")
    }
  }

  /// A line that is written over again and again; only people want it.
  private func ask(_ mount: RunningMount) throws -> Verification {
    let shows = !isQuiet && !json && ProcessEnvironment.isTerminal
    let client = try mount.client()
    let reply: ControlReply
    do {
      reply = try client.ask(.verify(path: mount.path, repairing: isRepairing)) { checked in
        guard shows else { return }
        ProcessEnvironment.print("\r\u{1B}[K\(Progress.describe(checked)) checked")
      }
    } catch {
      throw mount.failure(error)
    }
    if shows { ProcessEnvironment.print("\r\u{1B}[K") }
    guard case .verified(let found) = reply else { throw mount.unexpected }
    return found
  }
}

/// What a verification has found, for people.
struct VerificationText {
  private let found: Verification

  init(_ found: Verification) {
    self.found = found
  }

  var text: String {
    let changed = found.changed.map { StatusText.printable("changed in the store: \($0)") }
    let lines = summary + found.damaged.map(line) + changed
    return lines.joined(separator: "\n") + "\n"
  }

  private var summary: [String] {
    var lines = ["\(Progress.describe(found.checked)) checked"]
    if found.damagedBlocks > 0 {
      lines.append(
        "\(found.damagedBlocks) damaged \(found.damagedBlocks == 1 ? "block" : "blocks"), "
          + "\(found.repairedBlocks) repaired")
    }
    if found.unchecked.files > 0 {
      lines.append("\(Progress.describe(found.unchecked)) without a checksum")
    }
    if found.dirty.files > 0 {
      lines.append("\(Progress.describe(found.dirty)) not uploaded yet")
    }
    if found.changedFiles > 0 {
      lines.append("\(found.changedFiles) changed or gone in the store")
    }
    if found.unasked > 0 {
      lines.append(
        "\(found.unasked) of which the store did not tell: \(found.error ?? "unknown")")
    }
    return lines
  }

  private func line(_ damage: Verification.Damage) -> String {
    let state = damage.isRepaired ? "repaired" : damage.error ?? "damaged"
    return StatusText.printable(
      "\(damage.path), \(damage.bytes) bytes at \(damage.offset): \(state)")
  }
}
