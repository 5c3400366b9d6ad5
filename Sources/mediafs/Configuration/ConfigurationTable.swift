import MediaFSCore
import MediaFSEngine
import S3Client

/// Every key there is.
enum ConfigurationTable {
  static let keys: [ConfigurationKey] = mount + s3 + cache + transfer + local + kernel + log

  static func key(named name: String) -> ConfigurationKey? {
    keys.first { $0.name == name }
  }

  private static let mount = [
    ConfigurationKey(
      "source", .text, \.source, "What is mounted: s3://BUCKET[/NAMESPACE] or file:///DIRECTORY."),
    ConfigurationKey("mountpoint", .text, \.mountpoint, "The directory it is mounted on."),
    ConfigurationKey(
      "namespace", .optional(.text), \.namespace, "Keys lie beneath this name and a slash."),
    ConfigurationKey(
      "prefix", .optional(.text), \.prefix, "Keys begin with this, with no slash added."),
  ]

  private static let s3 = [
    ConfigurationKey(
      "s3.endpoint", .optional(.endpoint), \.store.endpoint, "The S3 server; AWS if not set.",
      aliases: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "S3_ENDPOINT_URL"]),
    ConfigurationKey(
      "s3.region", .name, \.store.region, "The bucket's region.",
      aliases: ["AWS_REGION", "AWS_DEFAULT_REGION", "S3_REGION_NAME"]),
    ConfigurationKey(
      "s3.addressing", .choice(), \.store.addressing,
      "Where the bucket's name goes: in the path or the host name."),
    ConfigurationKey(
      "s3.profile", .optional(.name), \.store.profile, "Profile in the credentials file."),
    ConfigurationKey(
      "s3.credentials_file", .optional(.directory), \.store.credentialsFile,
      "Shared credentials file; nobody else may read it."),
    ConfigurationKey(
      "s3.connections", .number(1...1_000), \.store.connections,
      "Connections to the store at once, for everything."),
    ConfigurationKey(
      "s3.storage_class", .optional(.name), \.volume.storageClass,
      "Storage class of new objects."),
    ConfigurationKey(
      "s3.checksum", .choice(), \.store.checksum,
      "What guards the bytes of uploads; auto is the best that the store verifies."),
    ConfigurationKey(
      "s3.ca_file", .optional(.directory), \.store.certificateFile,
      "Certificates to trust, in PEM; the system's if not set.", aliases: ["AWS_CA_BUNDLE"]),
    ConfigurationKey(
      "s3.proxy", .optional(.text), \.store.proxy, "HTTP proxy, as a URL.", isConfidential: true),
    ConfigurationKey(
      "s3.connect_timeout", .positiveDuration, \.store.connectTimeout,
      "How long a connection may take to be made."),
    ConfigurationKey(
      "s3.stall_timeout", .positiveDuration, \.store.stallTimeout,
      "A transfer that moves nothing for so long is tried again."),
    ConfigurationKey(
      "s3.deadline", .positiveDuration, \.volume.networkDeadline,
      "How long an application's call waits for a store that gives nothing before it gets EIO."),
  ]

  private static let cache = [
    ConfigurationKey(
      "cache.directory", .optional(.directory), \.cacheDirectory,
      "Catalog and content; /var/lib/mediafs/NAME, or $XDG_STATE_HOME/mediafs/NAME, if not set."),
    ConfigurationKey(
      "cache.size", .size((16 << 20)...(1 << 55)), \.volume.cacheSize,
      "Limit of local content; what was not uploaded yet is part of it."),
    ConfigurationKey(
      "cache.min_free", .percentage, \.volume.cacheMinimumFree,
      "What stays free on the cache's disk."),
    ConfigurationKey(
      "cache.complete_on_idle", .flag, \.volume.completesOnIdle,
      "Whether the rest of files that were read in part is fetched while nobody reads."),
    ConfigurationKey(
      "metadata.ttl", .duration(or: "forever"), \.volume.metadataTTL,
      "How stale a listing may be; 0 asks at every open."),
    ConfigurationKey(
      "metadata.attributes", .choice(), \.volume.attributeSource,
      "What tells mode, owner and times of files that others have written: each object, or the "
        + "listing until they are opened."),
    ConfigurationKey(
      "metadata.first_bytes", .flag, \.volume.fetchesFirstBytes,
      "Whether the first 64 KiB of a file come along when it is looked at alone."),
  ]

  private static let transfer = [
    ConfigurationKey(
      "upload.enabled", .flag, \.volume.uploadEnabled, "Whether anything is uploaded.",
      change: .live(command: "mediafs pause, mediafs resume")),
    ConfigurationKey(
      "upload.delay", .duration, \.volume.uploadDelay, "Cool-down after a file's last change."),
    ConfigurationKey(
      "upload.max_delay", .duration, \.volume.uploadMaximumDelay,
      "Uploaded this long after the first change, even while changes go on."),
    ConfigurationKey(
      "upload.synchronous", .flag, \.volume.uploadSynchronous,
      "close and fsync return when the store has the file."),
    ConfigurationKey(
      "upload.concurrency", .number(orAuto: 1...256), \.volume.uploadConcurrency,
      "Files uploaded at once; auto takes 8 large or 32 small ones."),
    ConfigurationKey(
      "upload.part_size", .partSize, \.volume.uploadPartSize,
      "Size of the parts of large files; auto sizes them for the file."),
    ConfigurationKey(
      "delete.delay", .duration(or: "never"), \.volume.deleteDelay,
      "How long a deleted file stays in the store."),
  ]

  private static let local = [
    ConfigurationKey(
      "local.only", .patterns, \.volume.localOnly,
      "What stays on this host and never goes to the store."),
    ConfigurationKey(
      "local.keep", .patterns, \.volume.localKeep,
      "What is never evicted from the cache once it is there."),
  ]

  private static let kernel = [
    ConfigurationKey(
      "mount.allow_other", .flag, \.kernel.allowsOther, "Lets other users in."),
    ConfigurationKey("mount.read_only", .flag, \.volume.readOnly, "Refuses every change."),
    ConfigurationKey(
      "mount.no_delete", .flag, \.volume.noDelete,
      "Deleted files disappear here and stay in the store."),
    ConfigurationKey(
      "mount.passthrough", .flag, \.volume.passesThrough,
      "Lets the kernel read files that are all in the cache by itself."),
    ConfigurationKey(
      "mount.uid", .identifier, \.volume.defaultOwner.user,
      "Owner of objects that name none; who mounts, if not set.", dependsOnUser: true),
    ConfigurationKey(
      "mount.gid", .identifier, \.volume.defaultOwner.group,
      "Group of objects that name none; that of who mounts, if not set.", dependsOnUser: true),
    ConfigurationKey(
      "mount.umask", .optional(.mode), \.umask, "Permissions that objects without mode lack."),
    ConfigurationKey(
      "mount.file_mode", .optional(.mode), \.fileMode,
      "Mode of files without one: 0644, or what umask leaves of 0666."),
    ConfigurationKey(
      "mount.dir_mode", .optional(.mode), \.directoryMode,
      "Mode of directories without one: 0755, or what umask leaves of 0777."),
    ConfigurationKey(
      "mount.check", .flag, \.checksStore, "Asks the store before mounting (-o nocheck: false)."),
  ]

  private static let log = [
    ConfigurationKey("log.level", .choice(), \.log.level, "What is logged, from this level up."),
    ConfigurationKey("log.format", .choice(), \.log.format, "How a log line is written."),
  ]
}
