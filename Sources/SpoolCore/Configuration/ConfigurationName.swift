/// The rule for names that operators give to sources and sinks; a name is an identity in the spool.
package enum ConfigurationName {
    /// The greatest length of a name, in characters.
    package static let maxLength = 64
    /// Names that no source can have: `spool/notifications` is the stream of the spool's own notifications.
    package static let reservedForSources = ["spool"]

    /// True for letters, digits, `-`, `_` and `.`, all ASCII, the first a letter or digit; at most `maxLength` of them.
    package static func isValid(_ text: String) -> Bool {
        hasValidForm(text) && text.utf8.count <= maxLength
    }

    /// True for a name that may stand in `renamed_from`: as `isValid`, of any length, since a spool may hold longer
    /// names from before the limit.
    package static func hasValidForm(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    /// What two names that differ only in case have in common: they are refused side by side.
    package static func folded(_ text: String) -> String { text.lowercased() }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
    }
}

extension ConfigurationNode {
    /// The name of a sink: as `ConfigurationName.isValid`; nil after adding a problem.
    package func name(_ problems: ConfigurationProblems) -> String? {
        guard let text = formerName(problems) else { return nil }
        guard ConfigurationName.isValid(text) else {
            problems.add(
                "a name has at most \(ConfigurationName.maxLength) characters, found \(text.utf8.count)",
                at: self
            )
            return nil
        }
        return text
    }

    /// The name of a source: as `name`, without the reserved ones; nil after adding a problem.
    package func sourceName(_ problems: ConfigurationProblems) -> String? {
        guard let text = name(problems) else { return nil }
        guard !ConfigurationName.reservedForSources.contains(ConfigurationName.folded(text)) else {
            problems.add(
                "a source cannot be named `\(text)`: `spool/notifications` is the stream of spool's own "
                    + "notifications; choose another name, and set `renamed_from: \(text)` if the source had this one",
                at: self
            )
            return nil
        }
        return text
    }

    /// The name that a source or sink had before: as `ConfigurationName.hasValidForm`; nil after adding a problem.
    package func formerName(_ problems: ConfigurationProblems) -> String? {
        guard let text = text(problems) else { return nil }
        if ConfigurationName.hasValidForm(text) { return text }
        problems.add(
            "a name consists of letters, digits, `-`, `_` and `.`, and begins with a letter or digit; "
                + "found `\(text)`",
            at: self
        )
        return nil
    }
}
