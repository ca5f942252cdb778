/// The escaping rules for one part of a line.
protocol EscapeRules {
    /// The byte that is escaped with a backslash, in addition to the backslash itself.
    static var delimiter: UInt8 { get }
    /// True when CR and LF become the two characters `\r` and `\n`; otherwise they become spaces.
    static var escapesNewlines: Bool { get }
}

/// A field of the CEF header: `\` and `|` are escaped, and line ends are not allowed.
///
/// Source: CEF guide, revision 23, "Character Encoding".
enum CEFHeaderRules: EscapeRules {
    static var delimiter: UInt8 { UInt8(ascii: "|") }
    static var escapesNewlines: Bool { false }
}

/// A value of the CEF extension: `\` and `=` are escaped, and line ends are written as `\r` and `\n` (same
/// source).
enum CEFValueRules: EscapeRules {
    static var delimiter: UInt8 { UInt8(ascii: "=") }
    static var escapesNewlines: Bool { true }
}
