/// Whole numbers with a comma between thousands.
package enum Grouped {
    /// "1,234,567".
    package static func text(_ number: some BinaryInteger) -> String {
        var digits = Array(String(number.magnitude).reversed())
        var index = 3
        while index < digits.count {
            digits.insert(",", at: index)
            index += 4
        }
        return (number < 0 ? "-" : "") + String(digits.reversed())
    }
}

/// Counts with their nouns.
package enum Count {
    /// "1 event", "1,234 events"; `many` for irregular plurals.
    package static func text(_ number: some BinaryInteger, _ one: String, many: String? = nil) -> String {
        "\(Grouped.text(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    /// The verb or pronoun for a number: `of(count, "is", "are")`.
    package static func of(_ number: some BinaryInteger, _ one: String, _ many: String) -> String {
        number == 1 ? one : many
    }
}

/// Names in a sentence.
package enum Listing {
    /// "the only one is siem", "known names: one and two", "there are none".
    package static func thereAre(_ names: [String]) -> String {
        switch names.count {
        case 0: "there are none"
        case 1: "the only one is \(names[0])"
        default: "known names: \(text(names))"
        }
    }

    /// "one", "one and two", "one, two and three".
    package static func text(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}

/// Texts from elsewhere, such as the cause of a failure, as parts of a text of several sentences.
package enum Sentence {
    /// The text with the mark that ends a sentence: its own, or a full stop.
    package static func ended(_ text: String) -> String {
        guard let last = text.last(where: { !$0.isWhitespace }) else { return text }
        return ".?!…".contains(last) ? text : text + "."
    }
}
