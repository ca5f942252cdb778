import SpoolCore

/// Names that an option gives, against those there are: a slip is refused, and does not look like "nothing found".
enum KnownNames {
    /// Refuses the first name that is not known.
    static func check(_ names: [String], _ what: String, among known: [String]) throws {
        for name in names where !known.contains(name) { throw failure(what, name, among: known) }
    }

    /// The refusal, with the nearest known name or all of them.
    static func failure(_ what: String, _ name: String, among known: [String]) -> CommandFailure {
        let hint = Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" }
        return CommandFailure(
            .wrongUse,
            "there is no \(what) \(name.printable); \(hint ?? Listing.thereAre(known))"
        )
    }
}
