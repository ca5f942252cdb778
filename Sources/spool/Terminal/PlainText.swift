/// Converts the HTML in an alert's description to text for a terminal.
///
/// The spool and the lines sent to sinks keep the original.
enum PlainText {
    /// Elements that occur in descriptions; anything else in angle brackets is text.
    private static let elements: Set<String> = [
        "a", "b", "br", "div", "em", "i", "li", "ol", "p", "span", "strong", "u", "ul",
    ]
    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "#39": "'", "nbsp": " ",
    ]

    static func of(_ text: String) -> String {
        guard text.contains(where: { $0 == "<" || $0 == "&" || $0 == "_" }) else { return text }
        var plain = ""
        var rest = Substring(text)
        while let first = rest.first {
            if first == "<", let end = rest.firstIndex(of: ">"), isElement(rest[..<end].dropFirst()) {
                plain += " "
                rest = rest[rest.index(after: end)...]
            } else if first == "&", let (character, after) = entity(rest) {
                plain += character
                rest = after
            } else {
                plain.append(first)
                rest = rest.dropFirst()
            }
        }
        // A placeholder that the portal's page replaces by the application's icon.
        let words = plain.replacing("__siteIcon__", with: "").split(separator: " ")
        return words.joined(separator: " ").replacing(#/ +([.,;:!?])(?= |$)/#) { $0.output.1 }
    }

    /// True for the text between the brackets of such an element: `p`, `/p`, `br/`, `a href="…"`.
    private static func isElement(_ inside: Substring) -> Bool {
        let name = inside.drop { $0 == "/" }.prefix { $0.isASCII && $0.isLetter }
        let follows = inside.drop { $0 == "/" }.dropFirst(name.count).first
        return elements.contains(name.lowercased()) && (follows == nil || follows == " " || follows == "/")
    }

    private static func entity(_ text: Substring) -> (String, Substring)? {
        guard let end = text.prefix(8).firstIndex(of: ";"),
            let character = entities[String(text[..<end].dropFirst())]
        else { return nil }
        return (character, text[text.index(after: end)...])
    }
}
