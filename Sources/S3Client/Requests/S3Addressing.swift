import ObjectStorage

/// How the bucket is named in a URL.
package enum S3Addressing: String, Sendable, CaseIterable {
  /// Virtual-host where that is certain to work, else path.
  case auto
  /// `https://HOST/BUCKET/KEY`.
  case path
  /// `https://BUCKET.HOST/KEY`.
  case virtual
}

/// A bucket at an endpoint: makes the targets of requests.
struct BucketLocation: Sendable, Hashable {
  let endpoint: S3Endpoint
  let bucket: String
  let usesVirtualHost: Bool

  init(endpoint: S3Endpoint, bucket: String, addressing: S3Addressing) {
    self.endpoint = endpoint
    self.bucket = bucket
    switch addressing {
    case .path: usesVirtualHost = false
    case .virtual: usesVirtualHost = true
    case .auto: usesVirtualHost = Self.isAmazon(endpoint) && Self.isLabel(bucket)
    }
  }

  /// - Parameter key: `nil` for the bucket itself.
  func target(_ key: ObjectKey?, query: [QueryItem] = []) -> RequestTarget {
    let bucketPath = usesVirtualHost ? "" : "/" + PercentEncoding.encode(bucket)
    let keyPath = key.map { "/" + PercentEncoding.encode($0.text, keepingSlash: true) } ?? ""
    let path = endpoint.basePath + bucketPath + keyPath
    return RequestTarget(
      scheme: endpoint.scheme, host: usesVirtualHost ? "\(bucket).\(endpoint.host)" : endpoint.host,
      path: path.isEmpty ? "/" : path, query: query)
  }

  /// Certificates and name servers of other services do not always know `BUCKET.HOST`.
  private static func isAmazon(_ endpoint: S3Endpoint) -> Bool {
    let name = endpoint.hostName
    return name.hasSuffix(".amazonaws.com") || name.hasSuffix(".amazonaws.com.cn")
  }

  /// One DNS label: a dot in the bucket's name would not match the wildcard certificate.
  private static func isLabel(_ bucket: String) -> Bool {
    let bytes = Array(bucket.utf8)
    let isLowerOrDigit: (UInt8) -> Bool = {
      $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
    }
    guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else {
      return false
    }
    return isLowerOrDigit(first) && isLowerOrDigit(last)
      && bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
  }
}
