import ArgumentParser
import SpoolCore

/// Numbers of the command line: each option has its bounds, so that no number reaches arithmetic it would overflow.
enum NumberOption {
    /// Refuses a number outside of its bounds.
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

    /// The same for a number with a fraction; what is not finite is outside.
    static func check(_ option: String, _ number: Double, _ bounds: ClosedRange<Double>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(bounds.lowerBound) and \(bounds.upperBound)"
            )
        }
    }
}

extension MomentText {
    /// The time that an option names.
    ///
    /// - Throws: what may be written instead, for a text that is no time.
    static func option(_ option: String, _ text: String, now: Timestamp) throws -> Timestamp {
        guard let moment = timestamp(text, now: now) else {
            throw CommandFailure(
                .wrongUse,
                "\(option) \(text): not a time; write 2026-11-23T04:00:00Z, 2026-11-23T04:00 (UTC), 2026-11-23, "
                    + "an age such as 2h or 3d, or now"
            )
        }
        return moment
    }
}

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
