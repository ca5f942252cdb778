import SpoolCore

/// The requests a minute that sources on one tenant share: the smallest of their figures.
enum SharedBudget {
    /// The figure of every tenant, by `Source.budgetKey`.
    static func figures(of sources: [any Source]) -> [String: Int] {
        Dictionary(sources.map { ($0.budgetKey, $0.requestsPerMinute) }, uniquingKeysWith: min)
    }

    /// What to say of a source that asks for more than its tenant's figure.
    static func warning(_ source: any Source, among sources: [any Source]) -> String? {
        guard let least = figures(of: sources)[source.budgetKey], least < source.requestsPerMinute else {
            return nil
        }
        let others = sources.filter { $0.budgetKey == source.budgetKey && $0.requestsPerMinute == least }
        return "source \(source.name) asks for \(source.requestsPerMinute) requests per minute, but "
            + "\(others.map(\.name).joined(separator: ", ")) on the same tenant for \(least): "
            + "they share one budget, and the smaller value applies"
    }
}
