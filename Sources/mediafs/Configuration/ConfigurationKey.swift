/// One key of the configuration: its name, the field it sets, and what there is to say about it.
///
/// Each key is declared once, in ``ConfigurationTable``. Options, environment, files, defaults,
/// `config show` and error messages all read that declaration.
struct ConfigurationKey: Sendable {
  /// When a new value takes effect.
  enum Change: Sendable {
    case atMount
    /// Without a remount, by this command.
    case live(command: String)
  }

  /// Dotted, as on the command line: `upload.delay`.
  let name: String
  let help: String
  /// Completes the sentence "allowed is …".
  let allowed: String
  /// What holds when nobody sets it; empty when that depends or is nothing.
  let defaultValue: String
  /// Variables of other tools that mean the same, the most specific first.
  let aliases: [String]
  let change: Change
  /// The value may hold a password, as in `http://user:password@proxy`.
  let isConfidential: Bool
  /// `-o name` alone means true.
  let isFlag: Bool

  private let write: @Sendable (String, inout Settings) -> Bool
  private let read: @Sendable (Settings) -> String

  init<Value>(
    _ name: String, _ type: ValueType<Value>,
    _ field: any WritableKeyPath<Settings, Value> & Sendable, _ help: String,
    aliases: [String] = [], change: Change = .atMount, isConfidential: Bool = false,
    dependsOnUser: Bool = false
  ) {
    self.name = name
    self.help = help
    self.allowed = type.allowed
    self.aliases = aliases
    self.change = change
    self.isConfidential = isConfidential
    isFlag = Value.self == Bool.self
    defaultValue = dependsOnUser ? "" : type.format(Settings()[keyPath: field])
    write = { text, settings in
      guard let value = type.parse(text) else { return false }
      settings[keyPath: field] = value
      return true
    }
    read = { type.format($0[keyPath: field]) }
  }

  /// False when the text is no value of this key; `settings` is then unchanged.
  func set(_ text: String, in settings: inout Settings) -> Bool {
    write(text, &settings)
  }

  /// The value in force, written as it would be set.
  func value(in settings: Settings) -> String {
    read(settings)
  }

  /// `MEDIAFS_UPLOAD_DELAY` for `upload.delay`.
  var variable: String {
    Self.variablePrefix + name.uppercased().replacing(".", with: "_")
  }

  static let variablePrefix = "MEDIAFS_"
}
