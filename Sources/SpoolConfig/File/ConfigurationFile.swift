package import SpoolCore

/// A parsed configuration file: its text and its tree of values with their positions.
package struct ConfigurationFile: Sendable {
    /// Its path as the operator gave it, for messages.
    package let path: String
    package let text: String
    package let root: ConfigurationNode

    /// Parses YAML.
    ///
    /// - Throws: `.invalid` with every problem found in the YAML itself; a syntax error hides what follows
    ///   it.
    package static func parse(
        text: String,
        path: String,
        secrets: any SecretLookup
    ) throws(ConfigurationFault) -> ConfigurationFile {
        let problems = ConfigurationProblems()
        // A byte order mark from an editor is not part of the first key.
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        guard let root = YAMLTree(secrets: secrets, problems: problems).root(of: text), problems.isEmpty
        else {
            throw .invalid(path: path, text: text, problems: problems.list)
        }
        return ConfigurationFile(path: path, text: text, root: root)
    }

    /// Reads and parses a file.
    ///
    /// - Throws: `.unreadable`, or what `parse` throws.
    package static func read(path: String, secrets: any SecretLookup) throws(ConfigurationFault)
        -> ConfigurationFile
    {
        let contents: SmallFile
        do {
            contents = try SmallFile.read(path, limit: 4 << 20)
        } catch {
            throw .unreadable("cannot read the configuration file \(path): \(error)")
        }
        guard let text = contents.text else {
            throw .unreadable("the configuration file \(path) is not UTF-8 text; save it as UTF-8")
        }
        return try parse(text: text, path: path, secrets: secrets)
    }

    /// Reads settings from the tree; all problems that `read` finds are thrown together.
    ///
    /// - Throws: `.invalid` when a problem was added or `read` returned nil.
    package func settings<Settings>(
        _ read: (ConfigurationNode, ConfigurationProblems) -> Settings?
    ) throws(ConfigurationFault) -> Settings {
        let problems = ConfigurationProblems()
        guard let settings = read(root, problems), problems.isEmpty else {
            throw .invalid(path: path, text: text, problems: problems.list)
        }
        return settings
    }
}

/// Why there is no usable configuration; each case ends a command with `ExitStatus.wrongUse`.
package enum ConfigurationFault: Error, Sendable, CustomStringConvertible {
    /// None of the usual paths has a file.
    case missing(String)
    /// The file exists, or was named explicitly, and cannot be read.
    case unreadable(String)
    /// The file was read and contains these problems.
    case invalid(path: String, text: String, problems: [ConfigurationProblem])

    /// The text for an operator: one line, or for problems in a file each with its position and its line.
    ///
    /// It contains no secret.
    package var description: String {
        switch self {
        case .missing(let message), .unreadable(let message): message
        case .invalid(let path, let text, let problems):
            ProblemReport(path: path, text: text).render(problems)
        }
    }

    /// The problems with their positions; empty when no file was read.
    package var problems: [ConfigurationProblem] {
        if case .invalid(_, _, let problems) = self { problems.sorted() } else { [] }
    }
}

/// Shows problems as compilers do: `spool.yaml:12:5: message`, the line itself, and a caret under the
/// position.
package struct ProblemReport: Sendable {
    private let path: String
    private let lines: [Substring]

    package init(path: String, text: String) {
        self.path = path
        lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    }

    /// All problems in the order of the file, followed by their number.
    package func render(_ problems: [ConfigurationProblem]) -> String {
        let sorted = Set(problems).sorted()
        let count = sorted.count == 1 ? "1 problem" : "\(sorted.count) problems"
        return sorted.map(render).joined(separator: "\n") + "\n\(count) in \(path)"
    }

    private func render(_ problem: ConfigurationProblem) -> String {
        let headline = "\(path):\(problem.line):\(problem.column): \(problem.message)"
        guard lines.indices.contains(problem.line - 1) else { return headline }
        let line = LineMask.masked(String(lines[problem.line - 1]))
        guard !line.allSatisfy(\.isWhitespace) else { return headline }
        // libyaml counts columns in Unicode scalars.
        let head = String(String.UnicodeScalarView(line.unicodeScalars.prefix(max(0, problem.column - 1))))
        let indentation = String(head.map { $0 == "\t" ? "\t" : " " })
        return "\(headline)\n    \(line)\n    \(indentation)^"
    }
}
