package import MediaFSCore
package import ObjectStorage
import SystemPackage

/// What a store's listing says of one directory.
package struct DirectoryListing: Sendable {
  package struct Child: Sendable {
    package var name: FileName
    package var content: Content

    package init(name: FileName, content: Content) {
      self.name = name
      self.content = content
    }
  }

  package enum Content: Sendable {
    case file(StoredObject, modified: Timestamp)
    /// Something lies beneath this key, which ends with "/".
    case directory(prefix: ObjectKey)
  }

  /// Where it was asked for.
  package var source: TreeSource
  package var children: [Child]
  /// The marker object of the directory itself.
  package var marker: StoredObject?
  /// What was committed here after this moment, the listing may not know.
  package var began: Timestamp

  package init(
    of source: TreeSource, children: [Child], marker: StoredObject?, began: Timestamp
  ) {
    self.source = source
    self.children = children
    self.marker = marker
    self.began = began
  }
}

/// What taking in a listing has changed here.
package struct ListingOutcome: Sendable {
  /// Files whose object is another version now, as they were before.
  package var changed: [InodeRecord] = []
  package var added: [FileName] = []
  /// Inodes that live on under other names, and perhaps have another primary object.
  package var moved: [InodeNumber] = []
  /// Inodes that are gone from the store, as they were, with the name they had; those beneath a
  /// directory that is gone included.
  package var removed: [(name: FileName, parent: InodeNumber, inode: InodeRecord)] = []
  /// Objects that are left out, as if they had been sent from here, although nobody knows that.
  package var doubtful: [ObjectKey] = []
  /// The directory was renamed while it was listed: what the listing tells is about another place.
  package var isMisplaced = false
}

extension Catalog {
  /// Brings a directory up to date with the store, but for what was changed here and is still on
  /// its way there: local changes win until they are committed, conditionally.
  ///
  /// - Parameter keyOf: the key that a child of this directory would have.
  package func ingest(
    _ listing: DirectoryListing, into directory: InodeNumber, defaults: RootAttributes,
    keyOf: (FileName) -> ObjectKey, isOpen: @escaping (InodeNumber) -> Bool
  ) throws(CatalogError) -> ListingOutcome {
    try write { database in
      guard let parent = try database.inode(directory), parent.linkCount > 0,
        let source = try database.source(of: directory)
      else { return ListingOutcome() }
      guard source == listing.source else { return ListingOutcome(isMisplaced: true) }
      // Until the store has followed a rename, what was listed once is known here alone.
      if source.isPending, parent.listed != nil { return ListingOutcome() }
      var ingestion = Ingestion(
        database: database, listing: listing, directory: directory, defaults: defaults,
        isOpen: isOpen, schedule: schedule,
        isClaimed: try !source.isPending && database.claimant(of: source.prefix) != nil)
      if source.isPending {
        try ingestion.takeMarkerOfMovingTree(parent)
      } else {
        try ingestion.takeMarker(parent)
      }
      var listed: Set<FileName> = []
      for child in listing.children {
        listed.insert(child.name)
        try ingestion.take(child)
      }
      try ingestion.removeAbsent(listed: listed, keyOf: keyOf)
      try database.run(
        "UPDATE inode SET listed = ? WHERE id = ?",
        [listing.began.nanosecondsSinceEpoch, directory.value])
      return ingestion.outcome
    }
  }
}
