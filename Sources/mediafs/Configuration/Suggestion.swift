/// Finds what somebody meant who misspelt a name.
enum Suggestion {
  /// The known name that takes the fewest edits, if a third of its letters or less are wrong.
  static func nearest(to name: String, among known: [String]) -> String? {
    let scored = known.map { (name: $0, distance: distance(name, $0)) }
    guard let best = scored.min(by: { $0.distance < $1.distance }),
      best.distance * 3 <= max(name.utf8.count, best.name.utf8.count)
    else { return nearestByLastPart(of: name, among: known) }
    return best.name
  }

  /// `upload_delay` and `delay` are not few edits away from `upload.delay`, but it is meant.
  private static func nearestByLastPart(of name: String, among known: [String]) -> String? {
    known.filter {
      $0.utf8.split(separator: UInt8(ascii: ".")).last?.elementsEqual(name.utf8) == true
    }
    .min()
  }

  /// Levenshtein's distance in bytes.
  static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (index, byte) in left.utf8.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let substituted = diagonal + (byte == right[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(substituted, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
