import ArgumentParser
import SpoolCore

/// Numeric options: each has bounds, so that no number can cause an arithmetic overflow.
enum NumberOption {
    /// Rejects a number that is out of bounds.
    ///
    /// - Throws: `ValidationError`, which ends the command with exit code 2.
    static func check(_ option: String, _ number: Int, _ bounds: ClosedRange<Int>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(Grouped.text(bounds.lowerBound)) and "
                    + Grouped.text(bounds.upperBound)
            )
        }
    }

    /// The same for a floating-point number; infinities and NaN are out of bounds.
    static func check(_ option: String, _ number: Double, _ bounds: ClosedRange<Double>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(bounds.lowerBound) and \(bounds.upperBound)"
            )
        }
    }
}

extension MomentText {
    /// The time given by an option.
    ///
    /// - Throws: a failure that lists the valid forms, for a text that is not a time.
    static func option(_ option: String, _ text: String, now: Timestamp) throws -> Timestamp {
        guard let moment = timestamp(text, now: now) else {
            throw CommandFailure(
                .wrongUse,
                "\(option) \(text): not a time; use 2026-11-23T04:00:00Z, 2026-11-23T04:00 (UTC), "
                    + "2026-11-23, an age such as 2h or 3d, or now"
            )
        }
        return moment
    }
}

/// Checks names given by an option: a misspelt name is an error and must not look like "nothing found".
enum KnownNames {
    /// Rejects the first unknown name.
    static func check(_ names: [String], _ what: String, among known: [String]) throws {
        for name in names where !known.contains(name) { throw failure(what, name, among: known) }
    }

    /// The error for an unknown name; it suggests the nearest known name or lists all of them.
    static func failure(_ what: String, _ name: String, among known: [String]) -> CommandFailure {
        let hint = Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" }
        return CommandFailure(
            .wrongUse,
            "there is no \(what) \(name.printable); \(hint ?? Listing.thereAre(known))"
        )
    }
}
