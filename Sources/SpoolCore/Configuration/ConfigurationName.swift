/// The rules for names of sources and sinks; a name is an identity in the spool.
package enum ConfigurationName {
    /// The maximum length of a name, in characters.
    package static let maxLength = 64
    /// Reserved names: `spool/notifications` is the stream of the spool's own notifications.
    package static let reservedForSources = ["spool"]

    /// True for at most `maxLength` ASCII letters, digits, `-`, `_` and `.`, starting with a letter or digit.
    package static func isValid(_ text: String) -> Bool {
        hasValidForm(text) && text.utf8.count <= maxLength
    }

    /// True for a name that is allowed in `renamed_from`: as `isValid`, but of any length.
    ///
    /// A spool may contain longer names from before the limit.
    package static func hasValidForm(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    /// The form in which names that differ only in case are equal; two such names are refused.
    package static func folded(_ text: String) -> String { text.lowercased() }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
    }
}

extension ConfigurationNode {
    /// The name of a source or sink: as `ConfigurationName.isValid`; nil after adding a problem.
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
                    + "notifications; choose another name, and set "
                    + "`renamed_from: \(text)` if the source had this one",
                at: self
            )
            return nil
        }
        return text
    }

    /// The former name of a source or sink: as `ConfigurationName.hasValidForm`; nil after adding a problem.
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
