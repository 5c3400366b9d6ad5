package import MediaFSCache
package import MediaFSCore
import ObjectStorage
import Synchronization
package import SystemPackage

/// A ``SimulatedDisk`` as one process sees it: nothing has an effect after its death.
package struct SimulatedMount: ContentDisk {
  let disk: SimulatedDisk
  let life: Life

  package init(_ disk: SimulatedDisk, for life: Life) {
    self.disk = disk
    self.life = life
  }

  package func open(_ content: ContentNumber) throws(Errno) -> any ContentFile {
    let known = try disk.look(in: life) { $0.names[content] }
    if let known { return SimulatedFile(known, on: self) }
    let now = disk.simulation.now.nanosecondsSinceEpoch
    let made = try disk.change(in: life) { state in
      let number = state.nextFile
      state.nextFile += 1
      state.files[number] = SimulatedDisk.File(modified: now)
      state.names[content] = number
      return number
    }
    return SimulatedFile(made, on: self)
  }

  package func create(_ content: ContentNumber) throws(Errno) -> any ContentFile {
    guard try disk.look(in: life, { $0.names[content] }) == nil else { throw .fileExists }
    return try open(content)
  }

  package func status(of content: ContentNumber) throws(Errno) -> ContentStatus? {
    try disk.look(in: life) { state in
      state.names[content].flatMap { state.files[$0] }.map {
        ContentStatus(size: $0.image.size, modified: $0.modified)
      }
    }
  }

  package func remove(_ content: ContentNumber) throws(Errno) {
    guard content != .none, try disk.look(in: life, { $0.names[content] != nil }) else { return }
    try disk.change(in: life) { state in
      state.removed[content] = state.names.removeValue(forKey: content)
    }
  }

  package func synchronizeName(of content: ContentNumber) throws(Errno) {
    try disk.change(in: life) { state in
      guard let number = state.names[content] else { return }
      disk.synchronizeName(number, &state)
    }
  }

  package func synchronize(_ content: ContentNumber) throws(Errno) {
    try disk.change(in: life) { state in
      guard let number = state.names[content] else { return }
      disk.synchronize(number, &state)
      disk.synchronizeName(number, &state)
    }
  }

  package func synchronizeFilesystem() throws(Errno) {
    try disk.change(in: life) { state in
      for number in state.names.values {
        disk.synchronize(number, &state)
        disk.synchronizeName(number, &state)
      }
      state.removed = [:]
    }
  }

  package func contents(ofBucket bucket: Int) throws(Errno) -> [ContentNumber] {
    try disk.look(in: life) { state in
      state.names.keys.filter { Int($0.value & 255) == bucket }.sorted { $0.value < $1.value }
    }
  }

  package func quarantine(_ content: ContentNumber) throws(Errno) {
    try disk.change(in: life) { state in
      if let number = state.names.removeValue(forKey: content) { state.quarantine.append(number) }
    }
  }
}

extension SimulatedMount {
  package func quarantined() throws(Errno) -> (files: Int, bytes: Int64) {
    try disk.look(in: life) { state in
      (
        state.quarantine.count,
        state.quarantine.reduce(0) { $0 + (state.files[$1]?.image.size ?? 0) }
      )
    }
  }
}

/// An open file of a ``SimulatedDisk``.
private final class SimulatedFile: ContentFile {
  var backing: CInt? { nil }
  func isUsedElsewhere() -> Bool? { false }
  /// What a cut leaves is chance anyway.
  func beginWriting(_ range: Range<Int64>) {}

  private let number: Int
  private let mount: SimulatedMount

  init(_ number: Int, on mount: SimulatedMount) {
    self.number = number
    self.mount = mount
  }

  private func look<Result>(_ body: (SimulatedDisk.File) -> Result) throws(Errno) -> Result {
    try mount.disk.look(in: mount.life) { state throws(Errno) in
      guard let file = state.files[number] else { throw .ioError }
      return body(file)
    }
  }

  private func change(_ body: (inout SimulatedDisk.File) -> Void) throws(Errno) {
    try mount.disk.change(in: mount.life) { state in
      if var file = state.files.removeValue(forKey: number) {
        body(&file)
        state.files[number] = file
      }
    }
  }

  private func apply(_ change: SimulatedDisk.Change) throws(Errno) {
    let now = mount.disk.simulation.now.nanosecondsSinceEpoch
    try self.change { $0.apply(change, at: now) }
  }

  func status() throws(Errno) -> ContentStatus {
    try look { ContentStatus(size: $0.image.size, modified: $0.modified) }
  }

  func read(count: Int, at offset: Int64) throws(Errno) -> [UInt8] {
    try look { file in
      let range = (offset..<offset + Int64(count)).clamped(to: 0..<file.image.size)
      return Array(file.image.bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    try write(unsafe Array(bytes), at: offset)
  }

  func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) {
    try apply(.write(bytes, at: offset))
  }

  func truncate(to size: Int64) throws(Errno) {
    try apply(.resize(size))
  }

  func clear(_ range: Range<Int64>) throws(Errno) {
    try apply(.clear(range))
  }

  func punchHole(_ range: Range<Int64>) throws(Errno) {
    try apply(.clear(range))
  }

  func reserveSpace(_ range: Range<Int64>) throws(Errno) {
    try change { _ in }
  }

  func copy(
    _ range: Range<Int64>, from source: any ContentFile, to offset: Int64
  ) throws(Errno) {
    // In two steps, as a large copy is, between pages of the source: a death may come in between.
    let half = (range.lowerBound + Int64(range.count) / 2) / DiskImage.block * DiskImage.block
    let middle = max(range.lowerBound, half)
    for part in [range.lowerBound..<middle, middle..<range.upperBound] where !part.isEmpty {
      let bytes = try source.read(count: part.count, at: part.lowerBound)
      guard bytes.count == part.count else { throw .ioError }
      try write(bytes, at: offset + part.lowerBound - range.lowerBound)
    }
  }

  func dataExtents(in range: Range<Int64>) throws(Errno) -> [Range<Int64>] {
    try look { $0.image.data.present(in: range) }
  }

  func nextData(from offset: Int64) throws(Errno) -> Int64? {
    try look { file in
      file.image.data.present(in: offset..<max(offset, file.image.size)).first?.lowerBound
    }
  }

  func nextHole(from offset: Int64) throws(Errno) -> Int64? {
    try look { file in
      guard offset < file.image.size else { return nil }
      let data = file.image.data.present(in: offset..<file.image.size).first
      return data?.lowerBound == offset ? data?.upperBound : offset
    }
  }

  func label() throws(Errno) -> ContentLabel? {
    try look { $0.label }
  }

  func setLabel(_ label: ContentLabel) throws(Errno) {
    try change { $0.label = label }
  }

  func seams() throws(Errno) -> Range<Int64> {
    try look { $0.image.seams }
  }

  func setSeams(_ range: Range<Int64>) throws(Errno) {
    try apply(.note(seams: range))
  }

  func synchronizeData() throws(Errno) {
    try mount.disk.change(in: mount.life) { state in mount.disk.synchronize(number, &state) }
  }
}
