/// The parsed filters of a list: all have to match; of the values of one operator, any may match.
struct FilterSet: Sendable {
    private enum Condition: Sendable {
        /// The time lies in one of the ranges.
        case time(SortField, [ClosedRange<Int64>])
        case content(@Sendable (RecordTraits) -> Bool)
    }

    /// The filters as received, on which `nextQueryFilters` is based.
    let source: [String: JSONValue]
    private var conditions: [Condition] = []
    private let readsContent: Bool

    init(_ source: [String: JSONValue], vocabulary: FilterVocabulary, now: Int64) throws(FieldError) {
        self.source = source
        var readsContent = false
        for (name, value) in source {
            guard let field = vocabulary.field(name) else {
                throw FieldError(field: name, message: "Unknown filter")
            }
            guard let operators = value.object, !operators.isEmpty else {
                throw FieldError(field: name, message: "A filter needs an operator")
            }
            for (operation, operand) in operators {
                guard field.operators.contains(operation) else {
                    throw FieldError(field: name, message: "Unsupported operator \(operation)")
                }
                if case .time(let sortField) = field.kind {
                    let ranges = try Self.ranges(operation, operand, field: name, now: now)
                    conditions.append(.time(sortField, ranges))
                } else {
                    readsContent = true
                    conditions.append(
                        .content(try ContentTest(field.kind, operation, operand, name: name).matches)
                    )
                }
            }
        }
        self.readsContent = readsContent
    }

    /// The widest range of the field's times that can contain a match.
    func bounds(of field: SortField) -> (lower: Int64, upper: Int64) {
        var bounds: (lower: Int64, upper: Int64) = (.min, .max)
        for case .time(field, let ranges) in conditions {
            bounds.lower = max(bounds.lower, ranges.map(\.lowerBound).min() ?? .max)
            bounds.upper = min(bounds.upper, ranges.map(\.upperBound).max() ?? .min)
        }
        return bounds
    }

    func matches(_ entry: RecordEntry, on shelf: RecordShelf) -> Bool {
        let traits = readsContent ? shelf.traits(of: entry) : nil
        return conditions.allSatisfy { condition in
            switch condition {
            case .time(let field, let ranges):
                ranges.contains { $0.contains(field.time(of: entry)) }
            case .content(let test):
                traits.map(test) ?? false
            }
        }
    }

    private static func ranges(
        _ operation: String,
        _ operand: JSONValue,
        field: String,
        now: Int64
    ) throws(FieldError) -> [ClosedRange<Int64>] {
        let needsTime = FieldError(field: field, message: "\(operation) needs a time in milliseconds")
        if operation == "range" {
            var ranges: [ClosedRange<Int64>] = []
            for element in operand.elements {
                guard let start = element["start"]?.integer, let end = element["end"]?.integer, start <= end
                else {
                    throw FieldError(field: field, message: "range needs start and end")
                }
                ranges.append(start...end)
            }
            return ranges
        }
        if operation == "eq" {
            let times = operand.elements.compactMap(\.integer)
            guard times.count == operand.elements.count else { throw needsTime }
            return times.map { $0...$0 }
        }
        guard let time = operand.integer, time > .min, time < .max else { throw needsTime }
        switch operation {
        case "gte": return [time ... .max]
        case "gt": return [(time + 1) ... .max]
        case "lte": return [.min...time]
        case "lt": return [.min...(time - 1)]
        case "gte_ndays", "lte_ndays":
            guard abs(time) < 100_000 else { throw needsTime }
            let edge = now - time * 86_400_000
            return operation == "gte_ndays" ? [edge ... .max] : [.min...edge]
        default: throw FieldError(field: field, message: "Unsupported operator \(operation)")
        }
    }
}

/// One operator of a filter on a record's content.
struct ContentTest {
    let matches: @Sendable (RecordTraits) -> Bool

    init(
        _ kind: FilterVocabulary.Kind,
        _ operation: String,
        _ operand: JSONValue,
        name: String
    ) throws(FieldError) {
        switch kind {
        case .time:
            throw FieldError(field: name, message: "Unsupported operator \(operation)")
        case .number(let values):
            let wanted = operand.elements.compactMap(\.integer)
            guard wanted.count == operand.elements.count else {
                throw FieldError(field: name, message: "\(operation) needs numbers")
            }
            let isNegative = operation == "neq"
            matches = { traits in values(traits).contains(where: wanted.contains) != isNegative }
        case .flag(let value):
            guard let wanted = operand.elements.first?.bool else {
                throw FieldError(field: name, message: "\(operation) needs a boolean")
            }
            matches = { value($0) == wanted }
        case .text(let values):
            matches = try Self.text(values, operation, operand, name: name)
        }
    }

    private static func text(
        _ values: @escaping @Sendable (RecordTraits) -> [String],
        _ operation: String,
        _ operand: JSONValue,
        name: String
    ) throws(FieldError) -> @Sendable (RecordTraits) -> Bool {
        if operation == "isset" || operation == "isnotset" {
            let wanted = (operand.bool ?? true) == (operation == "isset")
            return { values($0).isEmpty != wanted }
        }
        let wanted = operand.elements.compactMap(\.string)
        guard wanted.count == operand.elements.count else {
            throw FieldError(field: name, message: "\(operation) needs strings")
        }
        let isNegative = ["neq", "ncontains", "doesnotstartwith"].contains(operation)
        let holds: @Sendable (String, String) -> Bool =
            switch operation {
            case "contains", "ncontains": { $0.contains($1) }
            case "startswith", "doesnotstartwith": { $0.hasPrefix($1) }
            default: { $0 == $1 }
            }
        return { traits in
            values(traits).contains { value in wanted.contains { holds(value, $0) } } != isNegative
        }
    }
}

/// A request that the portal rejects, and the invalid field.
struct FieldError: Error {
    var field: String
    var message: String
    var code = "CONSOLE_FORMS_FIELD_INVALID"

    /// The body of the response, keyed by the field.
    var body: JSONValue {
        let detail: JSONValue = .object(["error": .string(message), "errorMessageCode": .string(code)])
        return .object([field: .array([detail]), "error": .bool(true)])
    }
}

/// The filters that the portal supports, with the operators of each.
struct FilterVocabulary {
    enum Kind {
        case time(SortField)
        case number(@Sendable (RecordTraits) -> [Int64])
        case text(@Sendable (RecordTraits) -> [String])
        case flag(@Sendable (RecordTraits) -> Bool)
    }

    struct Field {
        var kind: Kind
        var operators: Set<String>
    }

    let stream: PortalStream
    /// Accepts every operator for `date` and `created` alike, not only the published ones.
    let acceptsEveryTimeOperator: Bool

    func field(_ name: String) -> Field? {
        guard let field = stream == .activities ? Self.activities[name] : Self.alerts[name] else {
            return nil
        }
        guard acceptsEveryTimeOperator, case .time = field.kind else { return field }
        return Field(kind: field.kind, operators: Self.dateOperators.union(Self.createdOperators))
    }

    private static let dateOperators: Set = ["lte", "gte", "range", "lte_ndays", "gte_ndays"]
    private static let createdOperators: Set = ["lte", "gte", "range", "gt", "lt", "eq"]
    private static let equality: Set = ["eq", "neq"]
    private static let presence: Set = ["eq", "neq", "isset", "isnotset"]

    private static let activities: [String: Field] = [
        "date": Field(kind: .time(.date), operators: dateOperators),
        "created": Field(kind: .time(.created), operators: createdOperators),
        "service": Field(kind: .number(\.services), operators: equality),
        "activity.id": Field(kind: .text { one($0.id) }, operators: ["eq"]),
        "activity.eventType": Field(kind: .text { one($0.category) }, operators: equality),
        "activity.eventActionType": Field(kind: .text { one($0.category) }, operators: equality),
        "activity.actionType": Field(kind: .text { one($0.action) }, operators: presence.union(["contains"])),
        "actionType": Field(kind: .text { one($0.action) }, operators: presence.union(["contains"])),
        "location.country": Field(kind: .text(\.countries), operators: presence),
        "ip.address": Field(
            kind: .text(\.addresses),
            operators: presence.union(["startswith", "doesnotstartwith"])
        ),
        "user.username": Field(kind: .text { one($0.user) }, operators: presence.union(["startswith"])),
        "userAgent.userAgent": Field(
            kind: .text { one($0.userAgent) },
            operators: ["contains", "ncontains"]
        ),
    ]

    private static let alerts: [String: Field] = [
        "date": Field(kind: .time(.date), operators: dateOperators),
        "severity": Field(kind: .number { one($0.severity) }, operators: equality),
        "resolutionStatus": Field(kind: .number { one($0.resolution) }, operators: equality),
        "alertType": Field(kind: .number { one($0.alertType) }, operators: equality),
        "alertOpen": Field(kind: .flag { $0.resolution == 0 }, operators: ["eq"]),
        "id": Field(kind: .text { one($0.id) }, operators: equality),
        "entity.ip": Field(kind: .text(\.addresses), operators: equality),
        "entity.service": Field(kind: .number(\.services), operators: equality),
        "entity.user": Field(kind: .text { one($0.user) }, operators: ["eq"]),
    ]

    private static func one<Value>(_ value: Value?) -> [Value] {
        [value].compactMap(\.self)
    }
}
