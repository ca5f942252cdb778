/// Makes text from outside safe to print: on a terminal, in a log line, on the status page, in CSV.
///
/// A peer's error text, a record's field or a file name may contain escape sequences that move a terminal's
/// cursor, or bidirectional controls that make a line look different from its content.
package enum PrintableText {
    /// Escapes every character that a terminal interprets, or that reorders or hides other characters.
    ///
    /// The escapes are `\n`, `\r`, `\t`, `\x1B` (C0, DEL), `\u{9B}` (C1), `\u{202E}` (bidirectional controls,
    /// separators of lines and paragraphs, other invisible format characters). A backslash is kept: the
    /// result is for reading, not for decoding. Applying it twice changes nothing. After `limit` characters
    /// of the text, `…` replaces the rest.
    package static func escaped(_ text: String, limit: Int? = nil) -> String {
        var bounded = text
        if let limit, let end = text.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex),
            end != text.endIndex
        {
            bounded = text[..<end] + "…"
        }
        return replacing(bounded, where: isUnsafe, by: escape)
    }

    /// Escapes a text that consists of several lines: as `escaped`, but line feeds are kept.
    ///
    /// Text from outside must be escaped by itself before it is inserted into a line; otherwise its line
    /// feeds would start new lines.
    package static func escapedLines(_ text: String) -> String {
        replacing(text, where: { $0 != "\n" && isUnsafe($0) }, by: escape)
    }

    /// Writes every unsafe character of a JSON text as `\u202E`, which a JSON reader decodes to the same
    /// text.
    ///
    /// Line feeds are kept: in JSON they occur between values only.
    package static func escapedJSON(_ text: String) -> String {
        replacing(text, where: { $0 != "\n" && isUnsafe($0) }) { scalar in
            String(scalar).utf16.reduce(into: "") { result, unit in
                let digits = String(unit, radix: 16, uppercase: true)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return scalar.value < 0x80 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
        }
    }

    private static func replacing(
        _ text: String,
        where isReplaced: (Unicode.Scalar) -> Bool,
        by escape: (Unicode.Scalar) -> String
    ) -> String {
        guard text.unicodeScalars.contains(where: isReplaced) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isReplaced(scalar) {
                result += escape(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// True for control characters (C0, DEL, C1), format characters such as bidirectional overrides, and
    /// Unicode's line and paragraph separators (general categories Cc, Cf, Zl, Zp).
    ///
    /// The zero-width joiner and non-joiner are safe: emoji and several scripts need them.
    package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        if scalar.value < 0xA0 { return true }
        if scalar.value == 0x200C || scalar.value == 0x200D { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
