/// The `<Error>` document of S3.
struct ErrorDocument: Sendable, Hashable {
  let code: String
  let message: String
  /// Where the bucket is, in errors about a wrong region.
  let region: String?
  let requestID: String?

  init(_ root: XMLElement) throws(XMLError) {
    try root.requireName("Error")
    code = try root.value("Code")
    message = root.child("Message")?.text ?? ""
    region = root.child("Region")?.text
    requestID = root.child("RequestId")?.text
  }

  /// `nil` when the bytes are no such document, such as the page of a proxy.
  init?(body: [UInt8]) {
    do {
      self = try ErrorDocument(XMLElement(document: body))
    } catch {
      return nil
    }
  }
}
