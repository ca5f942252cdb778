/// Texts from elsewhere, such as the cause of a failure, as parts of a text of several sentences.
package enum Sentence {
    /// The text with the mark that ends a sentence: its own, or a full stop.
    package static func ended(_ text: String) -> String {
        guard let last = text.last(where: { !$0.isWhitespace }) else { return text }
        return ".?!…".contains(last) ? text : text + "."
    }
}
