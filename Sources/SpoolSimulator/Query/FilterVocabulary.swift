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
