/// Names that are refused with a better reason than that they are unknown.
enum RefusedKeys {
  /// In the specification, without effect yet: to ignore `s3.sse` would store plain text.
  static let planned: Set<String> = [
    "s3.acl", "s3.headers", "s3.tags", "s3.sse", "s3.sse_kms_key_id",
    "s3.sse_customer_key_file", "s3.sse_customer_algorithm", "s3.requester_pays",
    "s3.expected_owner", "s3.create_bucket", "upload.bandwidth", "download.bandwidth",
    "control.http",
  ]

  private static let secretWords = ["secret", "password", "access_key", "session_token"]

  /// True for names under which people expect to give credentials.
  static func isSecret(_ name: String) -> Bool {
    secretWords.contains { name.lowercased().contains($0) }
  }
}
