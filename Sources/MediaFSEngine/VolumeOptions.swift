package import MediaFSCore

/// Where the attributes of an object come from that are shown before anybody opens it.
package enum AttributeSource: String, Sendable, CaseIterable {
  /// Its metadata (S3 HeadObject): what is shown is so.
  case object
  /// The listing, which has a size and a time; mode and owner are the mount's. For buckets that
  /// other tools fill, which keep none.
  case listing
}

/// Everything that decides how a ``Volume`` behaves; the configuration in engine terms.
package struct VolumeOptions: Sendable {
  /// Catalog, content files and quarantine lie here (`cache.directory`).
  package var stateDirectory: String
  /// What every key begins with: empty, or "NAMESPACE/", or a literal prefix.
  package var keyPrefix: String
  /// For status: the source as the user wrote it, without secrets.
  package var source = ""
  package var mountpoint = ""
  /// Which server the store is; what was found out of another one does not hold for it.
  package var endpoint = ""
  /// Where the daemon is asked and told things; the root answers it as `user.mediafs.socket`.
  package var controlSocket = ""

  /// `cache.size`, in bytes: a hard limit on fetched and written content.
  package var cacheSize: Int64 = 10 << 30
  /// `cache.min_free`: what stays free on the cache's disk, as a fraction of it.
  package var cacheMinimumFree = 0.05

  /// The rest of files that were read in part is fetched while nobody waits for anything.
  package var completesOnIdle = false

  package var uploadEnabled = true
  /// Cool-down after the last change of a file.
  package var uploadDelay: Duration = .seconds(10)
  /// Uploaded this long after the first change even if changes go on.
  package var uploadMaximumDelay: Duration = .seconds(600)
  /// `close` and `fsync` return when the store has the file.
  package var uploadSynchronous = false
  /// Files; `nil` is as many as their sizes let look sensible, see ``UploadRoom``.
  package var uploadConcurrency: Int?
  /// In bytes; `nil` sizes parts for the object.
  package var uploadPartSize: Int64?

  /// `nil` never deletes from the store.
  package var deleteDelay: Duration? = .seconds(600)
  /// How stale a listing may be; `nil` for ever.
  package var metadataTTL: Duration? = .seconds(60)
  /// What is shown of objects that were not asked for their attributes.
  package var attributeSource = AttributeSource.object
  /// Of who is looked at alone, the first bytes come along with the attributes, see ``Beginnings``.
  package var fetchesFirstBytes = true

  /// What the store never gets, and what is never evicted.
  package var localOnly = PatternList()
  package var localKeep = PatternList()

  /// Tells one time that the state directory's disk is there from any other, see
  /// ``FileTree/mountIdentity(of:)``: what was not on it the last time is lost.
  package var boot = ""

  package var readOnly = false
  package var noDelete = false
  /// What is written for a while would stay for ever.
  package var neverDeletes: Bool { noDelete || deleteDelay == nil }
  /// The kernel may read content files by itself.
  package var passesThrough = true
  /// `noatime`, `relatime`, `strictatime`, `nodiratime`.
  package var accessTimes = AccessTimePolicy()

  /// Owner and permissions of objects that carry none.
  package var defaultOwner = Owner(user: 0, group: 0)
  package var fileMode: UInt32 = 0o644
  package var directoryMode: UInt32 = 0o755

  /// How long an application's call waits for a store that gives nothing before it gets `EIO`.
  package var networkDeadline: Duration = .seconds(30)
  package var storageClass: String?
  /// The text of /etc/mime.types; it goes before the built-in table.
  package var mimeTypes = ""
  /// This host's name, for conflict copies.
  package var host = "unknown"

  package init(stateDirectory: String, keyPrefix: String) {
    self.stateDirectory = stateDirectory
    self.keyPrefix = keyPrefix
  }
}
