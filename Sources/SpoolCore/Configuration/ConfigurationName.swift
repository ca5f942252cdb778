/// Names that people give to sources, sinks and streams; they are identities in the spool.
package enum ConfigurationName {
    /// True for lower-case letters, digits, `.`, `_` and `-`, the first a letter or digit.
    package static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}

extension ConfigurationNode {
    /// A name: lower-case letters, digits, `.`, `_` and `-`.
    package func name(_ problems: ConfigurationProblems) -> String? {
        guard let text = text(problems) else { return nil }
        if ConfigurationName.isValid(text) { return text }
        problems.add(
            "a name consists of lower-case letters, digits, `.`, `_` and `-`, and begins with a letter or "
                + "digit; found `\(text)`",
            at: self
        )
        return nil
    }
}
