package import ObjectStorage

/// What of the contract a store keeps. Servers differ, and an ignored condition looks like success.
package struct StoreTraits: Sendable, Hashable {
  /// `If-None-Match: *` on PutObject.
  package var conditionalCreate = true
  /// `If-Match` on PutObject.
  package var conditionalReplace = true
  /// Conditions on CompleteMultipartUpload.
  package var conditionalComplete = true
  /// Conditions on the target of CopyObject.
  package var conditionalCopy = true
  /// `If-Match` on DeleteObject.
  package var conditionalDelete = true
  /// The same fails where nothing is.
  package var missesWhatIsMeant = true
  /// `x-amz-copy-source-if-match`.
  package var copySourceMatch = true
  package var copyParts = true
  /// Unknown parts, parts out of order and parts below the minimum are refused.
  package var checksParts = true
  /// Completing an upload again gives the same answer, as it must after a lost one.
  package var repeatsComplete = true
  /// Completing an upload that was aborted says that it does not exist.
  package var forgetsAbortedUploads = true
  package var refusesLargeMetadata = true
  /// A key of more than 1,024 bytes is refused.
  package var refusesLongKeys = true
  /// Metadata may hold what is not ASCII.
  package var unicodeMetadata = true
  /// Keys with empty segments or the segments "." and ".." are kept as they are.
  package var pathLikeKeys = true
  /// Which checksums are verified, and named in the answer.
  package var verified: Set<ChecksumAlgorithm> = []
  /// The answer to a write names its checksum. Otherwise the object is looked up, and that of
  /// another writer may be found.
  package var namesChecksums = true
  /// What the store was told to use, one of those.
  package var checksum: ChecksumAlgorithm?
  /// The checksum of a multipart upload is that of all its bytes, and verified at its end.
  package var checksumOfParts = false
  /// One of several conditional writes at the same time succeeds, not more.
  package var decidesRaces = true
  /// A reader sees the old bytes or the new ones.
  package var replacesAtomically = true

  /// Everything as the contract says.
  package init() {}
}
