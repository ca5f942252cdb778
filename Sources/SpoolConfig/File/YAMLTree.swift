import SpoolCore
import Yams

/// Builds the tree of values from YAML, with the position of each key and value.
///
/// It accepts the subset that a configuration needs: groups, lists, texts, anchors and aliases. Tags and
/// merge keys (`<<`) are refused, so that every value is complete where it is written.
struct YAMLTree {
    /// More values than any reasonable file has: nested aliases multiply ("billion laughs").
    private static let limit = 100_000
    /// Deeper than any reasonable file; the code that reads the tree is recursive.
    private static let depthLimit = 64

    let secrets: any SecretLookup
    let problems: ConfigurationProblems

    /// The tree of the single document in `text`; nil after adding a problem.
    ///
    /// An empty file is an empty group.
    func root(of text: String) -> ConfigurationNode? {
        do {
            guard let document = try Yams.compose(yaml: text) else {
                return ConfigurationNode(value: .null, line: 1, column: 1, secrets: secrets)
            }
            var count = 0
            return node(document, depth: 0, count: &count)
        } catch let error as YamlError {
            add(YAMLFault.problem(error, text: text))
        } catch {
            add(ConfigurationProblem(line: 1, column: 1, message: "not valid YAML"))
        }
        return nil
    }

    private func node(_ yaml: Node, depth: Int, count: inout Int) -> ConfigurationNode? {
        count += 1
        let place = Place(yaml.mark)
        guard count <= Self.limit, depth <= Self.depthLimit else {
            if count <= Self.limit { add("values are nested too deeply", at: place) }
            return nil
        }
        let value: ConfigurationNode.Value?
        switch yaml {
        case .scalar(let scalar):
            value = self.value(of: scalar, at: place)
        case .sequence(let items):
            refuseTag(items.tag, allowed: .seq, at: place)
            value = .sequence(items.compactMap { node($0, depth: depth + 1, count: &count) })
        case .mapping(let pairs):
            refuseTag(pairs.tag, allowed: .map, at: place)
            value = .mapping(entries(of: pairs, depth: depth, count: &count))
        case .alias:
            add("this alias cannot be resolved", at: place)
            value = nil
        }
        if depth == 0, count > Self.limit {
            add("the file contains more than \(Self.limit) values; are aliases nested?", at: place)
        }
        return value.map {
            ConfigurationNode(value: $0, line: place.line, column: place.column, secrets: secrets)
        }
    }

    private func value(of scalar: Node.Scalar, at place: Place) -> ConfigurationNode.Value {
        refuseTag(scalar.tag, allowed: .str, at: place)
        // Only an unquoted word can mean "nothing"; `"null"` and `"~"` are strings (YAML 1.2.2 §10.3.2).
        let isPlain = scalar.style == .plain || scalar.style == .any
        let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        return isNull ? .null : .scalar(scalar.string)
    }

    private func entries(of pairs: Node.Mapping, depth: Int, count: inout Int) -> [ConfigurationNode.Entry] {
        var entries: [ConfigurationNode.Entry] = []
        var lines: [String: Int] = [:]
        for (key, value) in pairs {
            let place = Place(key.mark)
            guard case .scalar(let scalar) = key else {
                add("a key must be a single word", at: place)
                continue
            }
            if scalar.string == "<<" {
                add(
                    "merge keys (`<<`) are not supported; repeat the keys, or use an alias for a whole group",
                    at: place
                )
                continue
            }
            if let line = lines.updateValue(place.line, forKey: scalar.string) {
                add("`\(scalar.string)` is given twice in this group, first on line \(line)", at: place)
                continue
            }
            guard let value = node(value, depth: depth + 1, count: &count) else { continue }
            entries.append(
                ConfigurationNode.Entry(
                    key: scalar.string,
                    line: place.line,
                    column: place.column,
                    value: value
                )
            )
        }
        return entries
    }

    private func refuseTag(_ tag: Tag, allowed: Tag.Name, at place: Place) {
        // Yams resolves an implicit tag in place when it compares keys; only a tag written in the file is
        // refused.
        let known: [Tag.Name] = [
            .implicit, .nonSpecific, allowed, .bool, .int, .float, .null, .timestamp, .value,
        ]
        if !known.contains(Tag.Name(rawValue: tag.rawValue)) {
            add("tags (`!…`) are not supported", at: place)
        }
    }

    private func add(_ message: String, at place: Place) {
        add(ConfigurationProblem(line: place.line, column: place.column, message: message))
    }

    private func add(_ problem: ConfigurationProblem) {
        let node = ConfigurationNode(
            value: .null,
            line: problem.line,
            column: problem.column,
            secrets: secrets
        )
        problems.add(problem.message, at: node)
    }
}

/// A 1-based position in the file.
private struct Place {
    let line: Int
    let column: Int

    init(_ mark: Mark?) {
        line = mark?.line ?? 1
        column = mark?.column ?? 1
    }
}

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
