/// Suggestions for misspelled words.
package enum Spelling {
    /// The known word nearest to `word`, if it is near enough to be a misspelling.
    package static func nearest(to word: String, among known: [String]) -> String? {
        let limit = max(1, word.count / 3)
        return known.map { ($0, distance($0, word)) }
            .filter { $0.1 <= limit }
            .min { $0.1 < $1.1 }?.0
    }

    /// Levenshtein's edit distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let substituted = diagonal + (right[column] == character ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
