import SpoolCore

/// The supported filters of a stream: those of the old agent's wizard, under the API's names.
///
/// learn.microsoft.com/defender-cloud-apps/api-activities and api-alerts, "Filters"; where the documented
/// name of a filter differs from the name that works, both are accepted.
enum FilterRules {
    /// The fetch loop filters by these times itself; a configured filter on them would hide records from it.
    static let reserved = ["date", "created"]

    static func rules(for kind: EventKind) -> [FilterRule] {
        switch kind {
        case .activity: activities
        case .alert: alerts
        }
    }

    private static let number = FilterRule.Values.integer(Int64(Int32.min)...Int64(Int32.max))

    private static let activities: [FilterRule] = [
        FilterRule("service", number, .eq, .neq),
        FilterRule("instance", number, .eq, .neq),
        FilterRule("activity.id", .text, .eq),
        FilterRule("activity.eventActionType", .text, .eq, .neq),
        FilterRule("activity.eventType", .text, .eq, .neq),
        FilterRule("actionType", .text, .contains, .eq, .neq, .isset, .isnotset),
        FilterRule("activity.actionType", .text, .contains, .eq, .neq, .isset, .isnotset),
        FilterRule("activity.type", .flag, .eq),
        FilterRule("activity.impersonated", .flag, .eq),
        FilterRule("activity.takenAction", takenActions, .eq, .neq),
        FilterRule("activity.alertId", .text, .eq),
        FilterRule("activityObject", .text, .eq, .neq),
        FilterRule("device.type", .words(["DESKTOP", "MOBILE", "TABLET", "OTHER"]), .eq, .neq),
        FilterRule("device.tags", .text, .eq, .neq),
        FilterRule("userAgent.userAgent", .text, .contains, .ncontains),
        FilterRule("userAgent.tags", .text, .eq, .neq),
        FilterRule("location.country", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("location.organizations", .text, .eq, .neq, .isset, .isnotset, .contains),
        FilterRule("ip.address", .text, .eq, .neq, .startswith, .doesnotstartwith, .isset, .isnotset),
        FilterRule("ip.category", .integer(0...6), .eq, .neq),
        FilterRule("ip.tags", .text, .eq, .neq),
        FilterRule("user.username", .text, .eq, .neq, .isset, .isnotset, .startswith),
        FilterRule("user.domain", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("user.orgUnit", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("user.tags", .any, .eq, .neq, .isset, .isnotset, .startswith),
        FilterRule("entity", .any, .eq, .neq, .isset, .isnotset, .startswith),
        FilterRule("policy", .text, .eq, .neq, .isset, .isnotset),
        FilterRule("source", .any, .eq, .neq),
        FilterRule("text", .text, .eq, .startswithsingle, .text),
        FilterRule("fileSelector", .text, .eq, .neq),
        FilterRule("fileId", .text, .eq, .neq),
        FilterRule("fileLabels", .text, .eq),
        FilterRule("office365url", .text, .eq, .neq, .startswith, .endswith),
    ]

    private static let takenActions = FilterRule.Values.words([
        "block", "proxy", "BypassProxy", "encrypt", "decrypt", "verified", "encryptionFailed", "protect",
        "verify",
    ])

    private static let alerts: [FilterRule] = [
        FilterRule("resolutionDate", .timestamp, .lte, .gte, .range),
        FilterRule("severity", .integer(0...3), .eq, .neq),
        FilterRule("resolutionStatus", .integer(0...5), .eq, .neq),
        FilterRule("alertOpen", .flag, .eq),
        FilterRule("read", .flag, .eq),
        FilterRule("risk", number, .eq, .neq),
        FilterRule("alertType", number, .eq, .neq),
        FilterRule("id", .text, .eq, .neq),
        FilterRule("source", .any, .eq),
        FilterRule("entity.entity", .any, .eq, .neq),
        FilterRule("entity.ip", .text, .eq, .neq),
        FilterRule("entity.service", number, .eq, .neq),
        FilterRule("entity.instance", number, .eq, .neq),
        FilterRule("entity.policy", .any, .eq, .neq),
        FilterRule("entity.file", .any, .eq, .neq),
        FilterRule("entity.user", .any, .eq, .neq),
    ]
}

/// The operators and values that the API accepts for one filter.
struct FilterRule: Sendable {
    /// The type of a filter's values.
    enum Values: Sendable {
        case text
        /// One of these words.
        case words([String])
        case integer(ClosedRange<Int64>)
        case flag
        case timestamp
        /// Texts, numbers or objects such as `{id: …, inst: 0}`, in the API's own form.
        case any
    }

    let name: String
    let operators: [FilterOperator]
    let values: Values

    init(_ name: String, _ values: Values, _ operators: FilterOperator...) {
        self.name = name
        self.values = values
        self.operators = operators
    }
}

/// The filter operators, each with the form of its operand.
///
/// learn.microsoft.com/defender-cloud-apps/api-introduction, "Filters".
enum FilterOperator: String, Sendable, CaseIterable {
    case eq, neq, deq, contains, ncontains, startswith, doesnotstartwith, endswith, startswithsingle
    case gt, gte, lt, lte, range, isset, isnotset, descendantof, ndescendantof, text
    case gteDays = "gte_ndays"
    case lteDays = "lte_ndays"

    enum Form: Sendable { case list, single, days, flag, ranges, words }

    var form: Form {
        switch self {
        case .eq, .neq, .deq, .contains, .ncontains, .startswith, .doesnotstartwith, .endswith, .descendantof,
            .ndescendantof:
            .list
        case .gt, .gte, .lt, .lte: .single
        case .gteDays, .lteDays: .days
        case .isset, .isnotset: .flag
        case .range: .ranges
        case .startswithsingle, .text: .words
        }
    }
}

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
