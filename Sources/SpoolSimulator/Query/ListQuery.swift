/// A request for a list, parsed from its parameters.
struct ListQuery: Sendable {
    var filters: FilterSet
    var sortField: SortField
    var isAscending: Bool
    var skip: Int
    var limit: Int
    var isScan: Bool

    /// Parses the parameters of a list request as strictly as the portal does.
    init(
        _ parameters: [String: JSONValue],
        stream: PortalStream,
        limits: PageLimits,
        vocabulary: FilterVocabulary,
        now: Int64
    ) throws(FieldError) {
        for name in parameters.keys where !Self.known.contains(name) {
            throw FieldError(field: name, message: "Unknown parameter")
        }
        isScan = parameters["isScan"]?.bool ?? false
        guard stream == .activities || parameters["isScan"] == nil else {
            throw FieldError(field: "isScan", message: "Alerts have no scan mode")
        }
        guard let source = (parameters["filters"] ?? .object([:])).object else {
            throw FieldError(field: "filters", message: "This field must be an object")
        }
        filters = try FilterSet(source, vocabulary: vocabulary, now: now)
        sortField = try Self.sortField(parameters["sortField"], stream: stream)
        isAscending = try Self.isAscending(parameters["sortDirection"], isScan: isScan)
        limit = limits.limit(asked: parameters["limit"]?.integer, stream: stream, isScan: isScan)
        let skip = Int(clamping: parameters["skip"]?.integer ?? 0)
        guard skip >= 0, skip == 0 || skip + limit <= limits.skip else {
            throw FieldError(field: "skip", message: "skip plus limit must be at most \(limits.skip)")
        }
        self.skip = isScan ? 0 : skip
    }

    private static let known: Set = ["filters", "limit", "skip", "sortField", "sortDirection", "isScan"]

    private static func sortField(_ value: JSONValue?, stream: PortalStream) throws(FieldError) -> SortField {
        guard let value, value != .null else { return .date }
        guard let field = value.string.flatMap(SortField.init), stream == .activities || field == .date else {
            throw FieldError(field: "sortField", message: "Unknown sort field")
        }
        return field
    }

    private static func isAscending(_ value: JSONValue?, isScan: Bool) throws(FieldError) -> Bool {
        guard let value, value != .null else { return false }
        guard let direction = value.string, ["asc", "desc"].contains(direction) else {
            throw FieldError(field: "sortDirection", message: "Either asc or desc")
        }
        return direction == "asc"
    }
}
