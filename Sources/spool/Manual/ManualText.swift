/// Text for mdoc(7), where a leading dot, backslashes and the names of macros have a meaning.
enum ManualText {
    /// The maximum of bytes per line that `mandoc -T lint` accepts.
    private static let width = 78

    /// Text between macros, wrapped into lines of limited length.
    static func lines(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, line.utf8.count + 1 + word.utf8.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return (lines + (line.isEmpty ? [] : [line])).map(protected).joined(separator: "\n")
    }

    /// Arguments of a macro: no word of them may be read as a macro.
    static func arguments(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("\"", with: "\\(dq").split(separator: " ").map { word in
            let letters = word.prefix { $0.isASCII && $0.isLetter }
            let isMacro = (2...3).contains(letters.count) && letters.first?.isUppercase == true
            let isDelimiter = word.count == 1 && ".,:;()[]?!|".contains(word)
            return isMacro || isDelimiter ? "\\&" + word : String(word)
        }
        .joined(separator: " ")
    }

    /// Paragraphs; each sentence starts on a new line, as mdoc requires for the spacing between sentences.
    static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n\n").map { paragraph in
            paragraph.split(separator: "\n").joined(separator: " ")
                .replacing(/([.!?:]) +(?=[A-Z`-])/) { "\($0.output.1)\n" }
                .split(separator: "\n").map { lines(String($0)) }.joined(separator: "\n")
        }
    }

    private static func protected(_ line: String) -> String {
        let escaped = line.replacing("\\", with: "\\e")
        return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
    }
}
