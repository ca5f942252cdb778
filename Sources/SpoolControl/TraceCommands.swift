package import SpoolCore

/// Asks the sources for one record by its id, within their tenants' request budget: a source may have a
/// record that the spool does not have.
package struct TraceAtSource: ControlCommand, Equatable {
    package typealias Answer = [SourceTrace]
    package static let path = "/control/trace"

    package let id: String

    package init(_ id: String) { self.id = id }
}

/// A source's answer about one record, for one stream.
package struct SourceTrace: Codable, Sendable, Equatable {
    package let stream: StreamName
    /// Nil when the source could not be asked; `fault` then contains the reason.
    package var isKnown: Bool?
    package var occurred: Timestamp?
    /// When the portal recorded it; alerts have no such time and use `occurred`.
    package var created: Timestamp?
    package var category: String?
    package var action: String?
    /// Whether the current filters select it, as the list for exactly its millisecond shows; nil when that
    /// was not queried.
    package var isListed: Bool?
    package var fault: String?

    package init(stream: StreamName) { self.stream = stream }

    private enum CodingKeys: String, CodingKey {
        case stream, category, action, fault
        case isKnown = "known"
        case occurred = "occurred_ms"
        case created = "created_ms"
        case isListed = "listed"
    }
}
