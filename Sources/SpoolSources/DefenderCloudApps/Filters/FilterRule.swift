/// What the API takes for one filter.
struct FilterRule: Sendable {
    /// What a filter's values are.
    enum Values: Sendable {
        case text
        /// Fixed words.
        case words([String])
        case integer(ClosedRange<Int64>)
        case flag
        case timestamp
        /// Texts, numbers or groups of keys such as `{id: …, inst: 0}`: the API's own forms.
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

/// The operators of filters, each with the form of what it takes.
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
