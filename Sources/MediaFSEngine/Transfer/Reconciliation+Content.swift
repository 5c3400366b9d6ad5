import MediaFSCore
import ObjectStorage
import Synchronization

/// What of a file goes up, and has to be here before.
extension Reconciliation {
  /// How the content would go up as it is now.
  func layout(of content: FileContent) -> UploadLayout? {
    let copiesParts = context.copiesParts.withLock { $0 }
    let (size, unchanged, isLocal) = content.state.withLock { state in
      let hasObject = copiesParts && state.object != nil && !state.isSuperseded
      return (
        state.lifecycle.size, hasObject ? state.lifecycle.unchanged : nil,
        state.lifecycle.missing(in: 0..<state.lifecycle.size).isEmpty
      )
    }
    let uploader = Uploader(context: context, conditions: conditions)
    return uploader.layout(of: size, unchanged: unchanged, isLocal: isLocal)
  }

  /// Fetches what will be sent, or kept, and is not here, or damaged.
  func fetch(
    _ ranges: [Range<Int64>], of content: FileContent
  ) async throws(ObjectStoreError) {
    for range in ranges {
      // Piece by piece: readers ask for theirs in between, and the cache makes room as it goes.
      repeat {
        while let gap = content.state.withLock({ $0.lifecycle.missing(in: range) }).first {
          guard content.state.withLock({ $0.object }) != nil else { throw .baseIsGone }
          let end = min(gap.upperBound, gap.lowerBound + ReadWindow.maximumWindow)
          try await conditions.mapping {
            try await downloader.require(gap.lowerBound..<end, of: content)
          }
        }
      } while try !conditions.mapping({ try context.space.verify(range, of: content) })
    }
  }
}
