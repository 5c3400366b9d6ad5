import MediaFSTesting
import ObjectStorage

extension S3Server.Kind {
  /// What of the contract each server does not keep, as its own tests and a probe of it show. A
  /// condition that is ignored looks like success, so the checks that need it do not apply.
  var traits: StoreTraits {
    var traits = StoreTraits()
    // Headers beyond 2 KiB are accepted by all of them.
    traits.refusesLargeMetadata = false
    switch self {
    case .ceph:
      // 16.2 compares If-Match with the ETag without its quotes, and knows no other condition but
      // If-None-Match on PutObject.
      traits.conditionalReplace = false
      traits.conditionalComplete = false
      traits.conditionalDelete = false
      traits.conditionalCopy = false
      traits.copySourceMatch = false
      traits.checksParts = false
      // "This multipart completion is already in progress", HTTP 500, for ever.
      traits.forgetsAbortedUploads = false
    case .ministack:
      traits.refusesLongKeys = false
      traits.conditionalCopy = false
      traits.checksParts = false
    case .swift:
      // s3api answers 501 to If-Match; its containers are eventually consistent, so
      // that several conditional writes can win.
      traits.conditionalReplace = false
      traits.conditionalComplete = false
      traits.conditionalDelete = false
      traits.decidesRaces = false
    case .ceph20:
      traits.verified = [.crc64nvme, .crc32c]
      // CopyObject and UploadPart: as on AWS. A multipart upload gets a checksum of checksums, even
      // where FULL_OBJECT was asked for, which is not repeated then.
      traits.missesWhatIsMeant = false
      traits.forgetsAbortedUploads = false
      // CopyObject keeps to the version, UploadPartCopy does not.
      traits.copySourceMatch = false
      traits.conditionalCopy = false
      traits.checksParts = false
    }
    return traits
  }

  /// The checksums that the store refuses wrong ones of.
  var understood: Set<ChecksumAlgorithm> {
    switch self {
    case .ceph, .swift: []
    // MiniStack names none in its answers to PutObject, so that it has to be asked each time: they
    // are not chosen, and used all the same here.
    case .ministack, .ceph20: [.crc64nvme, .crc32c]
    }
  }

  /// - Parameter checksum: what the store is told to use.
  func traits(using checksum: ChecksumAlgorithm?) -> StoreTraits {
    var traits = traits
    traits.checksum = checksum
    traits.checksumOfParts = traits.checksumOfParts && checksum != nil
    traits.namesChecksums = checksum.map(traits.verified.contains) ?? true
    return traits
  }
}
