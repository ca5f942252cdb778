/// What has to be escaped in one place of a line.
protocol EscapeRules {
    /// The byte that gets a backslash before it, as the backslash itself does.
    static var delimiter: UInt8 { get }
    /// True when CR and LF become the two characters `\r` and `\n`; otherwise they become blanks.
    static var escapesNewlines: Bool { get }
}

/// A field of the CEF header: `\` and `|` are escaped, a line end is not allowed (CEF guide, rev.
///
/// 23, "Character Encoding").
enum CEFHeaderRules: EscapeRules {
    static var delimiter: UInt8 { UInt8(ascii: "|") }
    static var escapesNewlines: Bool { false }
}

/// A value of the CEF extension: `\` and `=` are escaped, line ends are written `\r` and `\n` (same source).
enum CEFValueRules: EscapeRules {
    static var delimiter: UInt8 { UInt8(ascii: "=") }
    static var escapesNewlines: Bool { true }
}
