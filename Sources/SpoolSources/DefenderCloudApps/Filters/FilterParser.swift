import SpoolCore

/// Converts the `filters:` of a stream into the API's JSON; a filter that the API would reject is a problem.
struct FilterParser {
    let kind: EventKind
    let problems: ConfigurationProblems

    func read(_ node: ConfigurationNode) -> JSONValue? {
        guard case .mapping(let entries) = node.value else {
            problems.add(
                "expected filters such as `service: { eq: [11161] }`, found \(node.kind)",
                at: node
            )
            return nil
        }
        let rules = FilterRules.rules(for: kind)
        var filters: [String: JSONValue] = [:]
        for entry in entries {
            if let rule = rules.first(where: { $0.name == entry.key }) {
                filters[entry.key] = operators(entry.value, of: rule)
            } else {
                refuse(entry, rules, of: node)
            }
        }
        return .object(filters)
    }

    private func refuse(_ entry: ConfigurationNode.Entry, _ rules: [FilterRule], of node: ConfigurationNode) {
        let place = ConfigurationNode(
            value: .null,
            line: entry.line,
            column: entry.column,
            secrets: node.secrets
        )
        if FilterRules.reserved.contains(entry.key) {
            problems.add(
                "a filter on `\(entry.key)` would hide records from the fetch loop, which selects by this "
                    + "field; use `start` to set where fetching begins",
                at: place
            )
            return
        }
        let hint =
            Spelling.nearest(to: entry.key, among: rules.map(\.name)).map { "; did you mean `\($0)`?" } ?? ""
        problems.add("the API has no filter `\(entry.key)` for \(kindName)\(hint)", at: place)
    }

    private var kindName: String { kind == .activity ? "activities" : "alerts" }

    private func operators(_ node: ConfigurationNode, of rule: FilterRule) -> JSONValue? {
        let allowed = rule.operators.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        guard case .mapping(let entries) = node.value, !entries.isEmpty else {
            problems.add("the filter `\(rule.name)` needs an operator: one of \(allowed)", at: node)
            return nil
        }
        var result: [String: JSONValue] = [:]
        for entry in entries {
            guard let known = FilterOperator(rawValue: entry.key), rule.operators.contains(known) else {
                problems.add(
                    "the filter `\(rule.name)` has no operator `\(entry.key)`; it supports \(allowed)",
                    at: ConfigurationNode(
                        value: .null,
                        line: entry.line,
                        column: entry.column,
                        secrets: node.secrets
                    )
                )
                continue
            }
            result[entry.key] = value(entry.value, form: known.form, of: rule)
        }
        return .object(result)
    }

    private func value(
        _ node: ConfigurationNode,
        form: FilterOperator.Form,
        of rule: FilterRule
    ) -> JSONValue? {
        switch form {
        case .list:
            if case .flag = rule.values { return node.boolean(problems).map { .flag($0) } }
            // The API accepts a single value as well; a list of one is equivalent and is the documented form.
            guard case .sequence(let items) = node.value else {
                return item(node, of: rule).map { .list([$0]) }
            }
            if items.isEmpty { problems.add("the list of `\(rule.name)` is empty", at: node) }
            return .list(items.compactMap { item($0, of: rule) })
        case .single: return item(node, of: rule)
        case .days: return node.integer(in: 0...36_500, problems).map { .integer(Int64($0)) }
        case .flag: return node.boolean(problems).map { .flag($0) }
        case .words: return node.text(problems).map { .text($0) }
        case .ranges: return node.list(problems).map { .list($0.compactMap(range)) }
        }
    }

    private func item(_ node: ConfigurationNode, of rule: FilterRule) -> JSONValue? {
        // `null` as a value means "has none".
        if case .null = node.value { return .null }
        switch rule.values {
        case .text: return node.text(problems).map { .text($0) }
        case .words(let words):
            guard let text = node.text(problems) else { return nil }
            if words.contains(text) { return .text(text) }
            let all = words.map { "`\($0)`" }.joined(separator: ", ")
            problems.add("`\(rule.name)` accepts one of \(all) or `null`, found `\(text)`", at: node)
            return nil
        case .integer(let range):
            return node.integer(in: Int(range.lowerBound)...Int(range.upperBound), problems).map {
                .integer(Int64($0))
            }
        case .flag: return node.boolean(problems).map { .flag($0) }
        case .timestamp: return time(node)
        case .any: return anything(node)
        }
    }

    private func range(_ node: ConfigurationNode) -> JSONValue? {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let start = group.take("start").flatMap(time)
        let end = group.take("end").flatMap(time)
        group.finish()
        if start == nil && end == nil { problems.add("a range needs `start`, `end` or both", at: node) }
        return .object(["start": start, "end": end].compactMapValues { $0 })
    }

    private func time(_ node: ConfigurationNode) -> JSONValue? {
        guard let text = node.text(problems) else { return nil }
        if let milliseconds = Int64(text) { return .integer(milliseconds) }
        if let time = Timestamp(rfc3339: text) { return .integer(time.milliseconds) }
        problems.add("expected a date, RFC 3339 or milliseconds since 1970, found `\(text)`", at: node)
        return nil
    }

    /// YAML scalars are texts; the API expects ids as texts, and all other whole numbers and flags as such.
    private func anything(_ node: ConfigurationNode, key: String = "") -> JSONValue {
        switch node.value {
        case .null: .null
        case .sequence(let items): .list(items.map { anything($0, key: key) })
        case .mapping(let entries):
            .object(
                Dictionary(entries.map { ($0.key, anything($0.value, key: $0.key)) }) { first, _ in first }
            )
        case .scalar("true"): .flag(true)
        case .scalar("false"): .flag(false)
        case .scalar(let text):
            if key != "id", key != "s", let number = Int64(text) { .integer(number) } else { .text(text) }
        }
    }
}
