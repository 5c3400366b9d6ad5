import ObjectStorage

/// When and for which region and service a signature holds.
struct SigningScope: Sendable, Hashable {
  static let algorithm = "AWS4-HMAC-SHA256"
  static let unsignedPayload = "UNSIGNED-PAYLOAD"

  /// `20130524T000000Z`.
  let dateTime: String
  let region: String
  let service = "s3"

  init(time: Timestamp, region: String) {
    dateTime = CivilTime(time).basicText
    self.region = region
  }

  var date: String { String(dateTime.prefix(8)) }
  var text: String { "\(date)/\(region)/\(service)/aws4_request" }
}
