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
