package import SpoolCore

/// Why there is no usable configuration; every one of them ends a command with `ExitStatus.wrongUse`.
package enum ConfigurationFault: Error, Sendable, CustomStringConvertible {
    /// There is no file in any of the usual places.
    case missing(String)
    /// The file is there, or was named, and cannot be read.
    case unreadable(String)
    /// The file was read, and these things in it are wrong.
    case invalid(path: String, text: String, problems: [ConfigurationProblem])

    /// What to show to an operator: one line, or for problems in a file each with its place and its line.
    ///
    /// No secret is in it.
    package var description: String {
        switch self {
        case .missing(let message), .unreadable(let message): message
        case .invalid(let path, let text, let problems):
            ProblemReport(path: path, text: text).render(problems)
        }
    }

    /// The problems with their places; empty when there is no file to have any.
    package var problems: [ConfigurationProblem] {
        if case .invalid(_, _, let problems) = self { problems.sorted() } else { [] }
    }
}
