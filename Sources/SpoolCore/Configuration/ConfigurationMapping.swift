/// A group of keys that is being read: each key is taken once, and a key that is never taken is a problem.
///
/// Every reader returns nil after adding a problem, so that reading continues and all problems are found.
package struct ConfigurationMapping: ~Copyable {
    /// The group itself, for problems that concern no single key.
    package let node: ConfigurationNode
    private let problems: ConfigurationProblems
    private var rest: [ConfigurationNode.Entry]
    private var known: [String] = []

    /// Starts to read a group; nil, after adding a problem, when the node is not a group.
    ///
    /// `null` counts as an empty group.
    package init?(_ node: ConfigurationNode, problems: ConfigurationProblems) {
        self.node = node
        self.problems = problems
        switch node.value {
        case .mapping(let entries): rest = entries
        case .null: rest = []
        case .scalar, .sequence:
            problems.add("expected a group of keys, found \(node.kind)", at: node)
            return nil
        }
    }

    /// Takes a key's node; nil when it is absent or empty.
    package mutating func take(_ key: String) -> ConfigurationNode? {
        known.append(key)
        guard let index = rest.firstIndex(where: { $0.key == key }) else { return nil }
        let value = rest.remove(at: index).value
        if case .null = value.value { return nil }
        return value
    }

    /// Takes a required key.
    package mutating func require(_ key: String) -> ConfigurationNode? {
        let value = take(key)
        if value == nil { problems.add("`\(key)` is missing", at: node) }
        return value
    }

    /// Finishes the group: every key that was not taken is a problem, with the nearest known key as a hint.
    package consuming func finish() {
        for entry in rest {
            let hint = Spelling.nearest(to: entry.key, among: known).map { "; did you mean `\($0)`?" } ?? ""
            let place = ConfigurationNode(
                value: .null,
                line: entry.line,
                column: entry.column,
                secrets: node.secrets
            )
            problems.add("unknown key `\(entry.key)`\(hint)", at: place)
        }
    }
}

/// Keys with a default. For a number, the default also replaces an invalid value, after adding a problem: the
/// file is rejected anyway, and the other keys can be checked.
extension ConfigurationMapping {
    /// Takes a duration.
    package mutating func duration(
        _ key: String,
        in range: ClosedRange<Duration>,
        default standard: Duration
    ) -> Duration {
        take(key)?.duration(in: range, problems) ?? standard
    }

    /// Takes a whole number.
    package mutating func integer(_ key: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
        take(key)?.integer(in: range, problems) ?? standard
    }

    /// Takes a size in bytes.
    package mutating func byteSize(
        _ key: String,
        in range: ClosedRange<Int64>,
        default standard: Int64
    ) -> Int64 {
        take(key)?.byteSize(in: range, problems) ?? standard
    }

    /// Takes `true` or `false`.
    package mutating func boolean(_ key: String, default standard: Bool) -> Bool {
        take(key)?.boolean(problems) ?? standard
    }

    /// Takes one of a fixed set of words; nil after adding a problem, since other keys depend on it.
    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        default standard: Choice
    ) -> Choice? where Choice.RawValue == String {
        guard let node = take(key) else { return standard }
        return node.choice(Choice.self, problems)
    }
}

extension ConfigurationNode {
    /// The text of a single value.
    package func text(_ problems: ConfigurationProblems) -> String? {
        if case .scalar(let text) = value { return text }
        problems.add("expected a single value, found \(kind)", at: self)
        return nil
    }

    /// A whole number within a range.
    package func integer(in range: ClosedRange<Int>, _ problems: ConfigurationProblems) -> Int? {
        guard let text = text(problems) else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        problems.add(
            "expected a whole number from \(range.lowerBound) to \(range.upperBound), found `\(text)`",
            at: self
        )
        return nil
    }

    /// `true` or `false`.
    package func boolean(_ problems: ConfigurationProblems) -> Bool? {
        switch text(problems) {
        case "true": return true
        case "false": return false
        case .some(let text):
            problems.add("expected `true` or `false`, found `\(text)`", at: self)
            return nil
        case nil: return nil
        }
    }

    /// A duration such as `15s`, `10m`, `48h`, `30d`.
    package func duration(in range: ClosedRange<Duration>, _ problems: ConfigurationProblems) -> Duration? {
        guard let text = text(problems) else { return nil }
        if let duration = Age.duration(text), range.contains(duration) { return duration }
        problems.add(
            "expected a duration from \(Age.text(range.lowerBound)) to "
                + "\(Age.text(range.upperBound)), such as `15s`, `10m` or `2d`, found `\(text)`",
            at: self
        )
        return nil
    }

    /// One of a fixed set of words.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type,
        _ problems: ConfigurationProblems
    ) -> Choice? where Choice.RawValue == String {
        guard let text = text(problems) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        let hint =
            Spelling.nearest(to: text, among: Choice.allCases.map(\.rawValue)).map {
                "; did you mean `\($0)`?"
            } ?? ""
        problems.add("expected one of \(words), found `\(text)`\(hint)", at: self)
        return nil
    }

    /// The items of a list.
    package func list(_ problems: ConfigurationProblems) -> [ConfigurationNode]? {
        if case .sequence(let items) = value { return items }
        problems.add("expected a list, found \(kind)", at: self)
        return nil
    }

    /// A secret that is sent in a header.
    ///
    /// A header can only carry visible ASCII (RFC 9110 §5.5). An empty file is a common mistake.
    package func headerSecret(_ problems: ConfigurationProblems) -> RenewableSecret? {
        guard let secret = secret(problems), case .scalar(let reference) = value else { return nil }
        if secret.isHeaderText {
            return RenewableSecret(secret, reference: reference, secrets: secrets)
        }
        problems.add(
            secret.reveal().isEmpty
                ? "this secret is empty" : "this secret contains whitespace or a non-ASCII character",
            at: self
        )
        return nil
    }

    /// A secret, given only as `${NAME}`, `file:PATH` or `credential:NAME`, never in the file itself.
    package func secret(_ problems: ConfigurationProblems) -> Secret? {
        guard let text = text(problems) else { return nil }
        guard SecretReference.isOne(text) else {
            problems.add(
                "secrets must not be written into this file; "
                    + "use `file:/path`, `credential:NAME` or `${NAME}`",
                at: self
            )
            return nil
        }
        do {
            return try secrets.resolve(text)
        } catch {
            problems.add(error.description, at: self)
            return nil
        }
    }
}

/// A problem in a configuration file, with its position.
package struct ConfigurationProblem: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let line: Int
    package let column: Int
    /// What is wrong and how to correct it; never a secret.
    package let message: String

    package init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// A problem at a node's position.
    package init(_ message: String, at node: ConfigurationNode) {
        self.init(line: node.line, column: node.column, message: message)
    }

    package var description: String { "\(line):\(column): \(message)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column, left.message) < (right.line, right.column, right.message)
    }
}

/// Collects all problems of a file, so that they are shown together.
package final class ConfigurationProblems {
    package private(set) var list: [ConfigurationProblem] = []

    package init() {}

    package var isEmpty: Bool { list.isEmpty }

    /// Adds a problem at a node's position.
    package func add(_ message: String, at node: ConfigurationNode) {
        list.append(ConfigurationProblem(message, at: node))
    }
}

/// Suggestions for misspelled words.
package enum Spelling {
    /// The known word nearest to `word`, if it is near enough to be a misspelling.
    package static func nearest(to word: String, among known: [String]) -> String? {
        let limit = max(1, word.count / 3)
        return known.map { ($0, distance($0, word)) }
            .filter { $0.1 <= limit }
            .min { $0.1 < $1.1 }?.0
    }

    /// Levenshtein's edit distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let substituted = diagonal + (right[column] == character ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
