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
