package import SpoolCore

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
