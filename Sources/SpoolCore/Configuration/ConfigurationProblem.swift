/// Something wrong in a configuration file, with the place where it stands.
package struct ConfigurationProblem: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let line: Int
    package let column: Int
    /// What is wrong and what would be right; never a secret.
    package let message: String

    package init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    /// A problem at a node's place.
    package init(_ message: String, at node: ConfigurationNode) {
        self.init(line: node.line, column: node.column, message: message)
    }

    package var description: String { "\(line):\(column): \(message)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column, left.message) < (right.line, right.column, right.message)
    }
}

/// Collects every problem of a file, so that all are shown at once.
package final class ConfigurationProblems {
    package private(set) var list: [ConfigurationProblem] = []

    package init() {}

    package var isEmpty: Bool { list.isEmpty }

    /// Adds a problem at a node's place.
    package func add(_ message: String, at node: ConfigurationNode) {
        list.append(ConfigurationProblem(message, at: node))
    }
}
