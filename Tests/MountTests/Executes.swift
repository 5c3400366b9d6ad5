import Testing

/// Marks a test as one that executes a paragraph of the Semantics chapter.
///
/// `SemanticsChapterTests` reads these marks from the sources: every paragraph needs one, and every
/// mark a paragraph. A paragraph is a paragraph of prose, an item of a list or a row of a table.
struct Executes: TestTrait {
  let heading: String
  /// The words with which the paragraph begins, as they are written: enough to tell it from its
  /// neighbours.
  let opening: String

  var comments: [Comment] { ["\(heading): \(opening)"] }
}

extension Trait where Self == Executes {
  static func executes(_ heading: String, _ opening: String) -> Self {
    Executes(heading: heading, opening: opening)
  }
}
