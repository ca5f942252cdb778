package import SpoolCore

/// Asks the sources for one record by its id, within their tenants' budget: what the spool has not, they may have.
package struct TraceAtSource: ControlCommand, Equatable {
    package typealias Answer = [SourceTrace]
    package static let path = "/control/trace"

    package let id: String

    package init(_ id: String) { self.id = id }
}

/// What a source says of one record, asked for one stream.
package struct SourceTrace: Codable, Sendable, Equatable {
    package let stream: StreamName
    /// Nil when it could not be asked: then `fault` says why.
    package var isKnown: Bool?
    package var occurred: Timestamp?
    /// When it was saved; alerts do not tell: as `occurred`.
    package var created: Timestamp?
    package var category: String?
    package var action: String?
    /// Whether today's filters let it through, as the list for its very millisecond shows; nil when that was not asked.
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
