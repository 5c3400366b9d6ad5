import MediaFSCore

/// What a disk has of a file when the power goes, after changes that nobody synchronized.
///
/// As ext4 and XFS do it: sizes, cuts, holes and attributes are journaled, so all of them up to
/// some moment have happened and no later one. Bytes are written back page by page, each page as it
/// was at a moment of its own. A page without room gets it together with its bytes; one that has
/// some can be torn.
struct WriteBack {
  /// The smallest piece that a disk writes as a whole, in bytes.
  private static let sector: Int64 = 512

  /// How many of the changes a page has seen, by sector; the same for all but of a torn page.
  private struct Page {
    var seen: Int
    var seenByTorn: Int
    var torn: UInt8 = 0

    func seen(bySector sector: Int64) -> Int {
      torn & 1 << UInt8(sector) == 0 ? seen : seenByTorn
    }
  }

  private let simulation: Simulation
  private let durable: DiskImage
  private let changes: [SimulatedDisk.Change]
  /// So many changes have happened as far as the journal is concerned.
  private let journaled: Int
  private var image: DiskImage
  private var pages: [Int64: Page] = [:]

  /// - Parameter durable: as it was when it was synchronized.
  static func image(
    of durable: DiskImage, _ changes: [SimulatedDisk.Change], _ simulation: Simulation
  ) -> DiskImage {
    if changes.isEmpty { return durable }
    var writeBack = WriteBack(durable, changes, simulation)
    writeBack.run()
    return writeBack.image
  }

  private init(
    _ durable: DiskImage, _ changes: [SimulatedDisk.Change], _ simulation: Simulation
  ) {
    self.simulation = simulation
    self.durable = durable
    self.changes = changes
    image = durable
    journaled =
      simulation.happens(0.5) ? changes.count : simulation.random(in: 0...changes.count)
  }

  private mutating func run() {
    for (index, change) in changes.prefix(journaled).enumerated() {
      switch change {
      case .resize, .clear, .note: image.apply(change)
      case .write(let bytes, let offset): write(bytes, at: offset, index)
      }
    }
  }

  private mutating func write(_ bytes: [UInt8], at offset: Int64, _ index: Int) {
    let range = offset..<offset + Int64(bytes.count)
    if range.isEmpty { return }
    for number in range.lowerBound / DiskImage.block...(range.upperBound - 1) / DiskImage.block {
      let start = number * DiskImage.block
      let part = range.clamped(to: start..<start + DiskImage.block)
      let page = page(number)
      if page.torn == 0 {
        if index < page.seen { write(bytes, range, part) } else { grow(into: part) }
        continue
      }
      for sector in 0..<DiskImage.block / Self.sector where index < page.seen(bySector: sector) {
        let first = start + sector * Self.sector
        write(bytes, range, part.clamped(to: first..<first + Self.sector))
      }
    }
  }

  private mutating func write(_ bytes: [UInt8], _ range: Range<Int64>, _ part: Range<Int64>) {
    if part.isEmpty { return }
    let first = Int(part.lowerBound - range.lowerBound)
    image.write(Array(bytes[first..<first + part.count]), at: part.lowerBound)
  }

  /// A file that grows within a block that it has may be longer before the bytes are there.
  private mutating func grow(into part: Range<Int64>) {
    let end = image.size
    guard part.lowerBound <= end, part.upperBound > end, end % DiskImage.block != 0,
      image.data.contains(end - 1..<end), simulation.happens(0.3)
    else { return }
    image.resize(to: part.upperBound)
  }

  /// Another block takes the place of one that was given back, and is written before it does.
  private func keepsRoom(_ range: Range<Int64>) -> Bool {
    guard range.upperBound <= durable.size, durable.data.contains(range) else { return false }
    return !changes.contains { change in
      switch change {
      case .resize(let size): size <= range.lowerBound
      case .clear(let cleared): cleared.clamped(to: range) == range
      case .write, .note: false
      }
    }
  }

  private mutating func page(_ number: Int64) -> Page {
    if let known = pages[number] { return known }
    let moments = [simulation.random(in: 0...journaled), simulation.random(in: 0...journaled)]
    var page = Page(
      seen: simulation.happens(0.4) ? journaled : moments[0], seenByTorn: moments[1])
    let range = number * DiskImage.block..<(number + 1) * DiskImage.block
    if keepsRoom(range), simulation.happens(0.1) {
      page.torn = simulation.random(in: 0...255)
    }
    pages[number] = page
    return page
  }
}
