/// What `mediafs status` tells of one mount; numbers come from counters, not from scans.
///
/// The names of the fields are those of `status --json`: to rename one breaks scripts.
package struct VolumeStatus: Sendable, Hashable, Codable {
  package struct Count: Sendable, Hashable, Codable {
    package var files: Int
    package var bytes: Int64

    package init(files: Int = 0, bytes: Int64 = 0) {
      self.files = files
      self.bytes = bytes
    }
  }

  package struct Queue: Sendable, Hashable, Codable {
    package var waiting: Count
    package var active: Int
    /// Seconds since the oldest item came to the queue.
    package var oldestAge: Double?
    package var retries: Int
    package var lastError: String?

    package init(
      waiting: Count = Count(), active: Int = 0, oldestAge: Double? = nil, retries: Int = 0,
      lastError: String? = nil
    ) {
      self.waiting = waiting
      self.active = active
      self.oldestAge = oldestAge
      self.retries = retries
      self.lastError = lastError
    }
  }

  package struct Parked: Sendable, Hashable, Codable {
    package var path: String
    package var error: String

    package init(path: String, error: String) {
      self.path = path
      self.error = error
    }
  }

  package struct Cache: Sendable, Hashable, Codable {
    package var bytes: Int64
    package var limit: Int64
    package var hits: Int
    package var misses: Int
    package var evictions: Int
    /// Blocks that the disk has changed, found by their checksums since the mount.
    package var damaged: Int
    /// Why nothing more can be written; `nil` while there is room.
    package var full: String?

    package init(
      bytes: Int64, limit: Int64, hits: Int, misses: Int, evictions: Int, damaged: Int = 0,
      full: String? = nil
    ) {
      self.damaged = damaged
      self.bytes = bytes
      self.limit = limit
      self.hits = hits
      self.misses = misses
      self.evictions = evictions
      self.full = full
    }
  }

  /// Open files that the kernel reads from the cache's disk by itself.
  package struct Passthrough: Sendable, Hashable, Codable {
    package var files: Int
    package var bytes: Int64
    /// Why it reads none so; `nil` while it may.
    package var obstacle: String?

    package init(files: Int = 0, bytes: Int64 = 0, obstacle: String? = nil) {
      self.files = files
      self.bytes = bytes
      self.obstacle = obstacle
    }
  }

  package var source: String
  package var mountpoint: String
  /// `nil` while the store answers; else since when and why it does not.
  package var offline: String?
  package var paused: Bool
  package var total: Count
  package var local: Count
  package var dirty: Count
  package var remoteOnly: Count
  package var uploads: Queue
  package var downloads: Queue
  package var deletes: Queue
  package var parked: [Parked]
  package var cache: Cache
  package var passthrough: Passthrough
  /// Files that somebody else had changed first, since the mount: both versions were kept.
  package var conflicts: Int
  /// Rules that the last inspection found broken; anything but 0 is a fault, and in the log.
  package var violations: Int
  /// What was set aside in the state directory, because nothing was known of it or it was damaged.
  package var quarantine: Count
  /// Requests sent to the store by S3 operation name.
  package var requests: [String: Int]

  package init(
    source: String, mountpoint: String, offline: String?, paused: Bool, total: Count, local: Count,
    dirty: Count, remoteOnly: Count, uploads: Queue, downloads: Queue, deletes: Queue,
    parked: [Parked], cache: Cache, passthrough: Passthrough = Passthrough(), conflicts: Int,
    violations: Int = 0,
    quarantine: Count = Count(), requests: [String: Int]
  ) {
    self.source = source
    self.mountpoint = mountpoint
    self.offline = offline
    self.paused = paused
    self.total = total
    self.local = local
    self.dirty = dirty
    self.remoteOnly = remoteOnly
    self.uploads = uploads
    self.downloads = downloads
    self.deletes = deletes
    self.parked = parked
    self.cache = cache
    self.passthrough = passthrough
    self.conflicts = conflicts
    self.violations = violations
    self.quarantine = quarantine
    self.requests = requests
  }
}
