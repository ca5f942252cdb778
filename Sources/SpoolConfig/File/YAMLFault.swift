import SpoolCore
import Yams

/// Translates an error of the YAML parser into an explanation with its position.
enum YAMLFault {
    /// The parser's error as a problem with its position.
    static func problem(_ error: YamlError, text: String) -> ConfigurationProblem {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            syntax(context?.text, problem, mark, text)
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationProblem(
                line: max(1, context.mark.line),
                column: max(1, context.mark.column),
                message: keys.map { "`\($0)`" }.joined(separator: ", ")
                    + " is given more than once in this group; the first one is here"
            )
        case .reader(_, let offset, let value, _):
            unreadable(offset, value, text)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            ConfigurationProblem(line: 1, column: 1, message: "not valid YAML")
        }
    }

    private static func syntax(_ context: String?, _ problem: String, _ mark: Mark, _ text: String)
        -> ConfigurationProblem
    {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1] : ""
        return ConfigurationProblem(
            line: mark.line,
            column: mark.column,
            message: "not valid YAML: " + (explanation(problem, line: line) ?? plain(context, problem))
        )
    }

    /// The usual cause of an error of libyaml.
    private static func explanation(_ problem: String, line: Substring) -> String? {
        if line.prefix(while: \.isWhitespace).contains("\t") {
            return "a tab cannot indent a line; use spaces"
        }
        if problem.contains("another document") {
            return "a second document begins here (`---`); the file must contain only one"
        }
        if problem.contains("undefined alias") {
            return
                "this alias (`*name`) has no anchor (`&name`) before it; quote a value that begins with `*`"
        }
        if problem.contains("mapping values are not allowed") {
            return "a `: ` is not allowed here; quote the value if it contains one, or check the indentation"
        }
        if problem.contains("did not find expected key") || problem.contains("did not find expected '-'") {
            return
                "this line is not indented like its neighbours, or a quote or bracket above it is not closed"
        }
        if problem.contains("could not find expected ':'") {
            return "a `:` is missing after this key"
        }
        if problem.contains("unexpected end of stream") {
            return "a quote or bracket is not closed"
        }
        if problem.contains("cannot start any token") {
            return "this character cannot begin a value; put the value in quotes"
        }
        return nil
    }

    private static func plain(_ context: String?, _ problem: String) -> String {
        context.map { "\($0), \(problem)" } ?? problem
    }

    private static func unreadable(_ offset: Int?, _ value: Int32, _ text: String) -> ConfigurationProblem {
        let end = offset.flatMap { text.index(text.startIndex, offsetBy: $0, limitedBy: text.endIndex) }
        let head = text[..<(end ?? text.startIndex)]
        let line = head.count { $0.isNewline } + 1
        let column = head.reversed().prefix { !$0.isNewline }.count + 1
        let code = value > 0 ? " U+" + String(value, radix: 16, uppercase: true) : ""
        return ConfigurationProblem(
            line: line,
            column: column,
            message: "not valid YAML: the character\(code) is not allowed"
        )
    }
}
