import FoundationEssentials
import SystemPackage

/// One message to one line and back.
enum MessageCoding {
  /// Ends with a newline; JSON escapes those within.
  static func line(_ message: some Encodable) throws -> [UInt8] {
    try Array(JSONEncoder().encode(message)) + [UInt8(ascii: "\n")]
  }

  static func message<Message: Decodable>(
    _ type: Message.Type, _ line: [UInt8]
  ) -> Message? {
    try? JSONDecoder().decode(type, from: Data(line))
  }
}
