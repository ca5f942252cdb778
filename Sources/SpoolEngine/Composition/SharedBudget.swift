import SpoolCore

/// The requests per minute that sources on one tenant share: the smallest of their configured values.
enum SharedBudget {
    /// The requests per minute of every tenant, by `Source.budgetKey`.
    static func figures(of sources: [any Source]) -> [String: Int] {
        Dictionary(sources.map { ($0.budgetKey, $0.requestsPerMinute) }, uniquingKeysWith: min)
    }

    /// The warning about a source that is configured for more than its tenant's shared budget.
    static func warning(_ source: any Source, among sources: [any Source]) -> String? {
        guard let least = figures(of: sources)[source.budgetKey], least < source.requestsPerMinute else {
            return nil
        }
        let others = sources.filter { $0.budgetKey == source.budgetKey && $0.requestsPerMinute == least }
        return "source \(source.name) is configured for \(source.requestsPerMinute) requests per minute, and "
            + "\(others.map(\.name).joined(separator: ", ")) on the same tenant for \(least): "
            + "they share one budget, and the smaller value applies"
    }
}
