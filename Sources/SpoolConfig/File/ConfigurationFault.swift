package import SpoolCore

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
