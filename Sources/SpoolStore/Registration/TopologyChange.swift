/// One difference between a configuration and the spool, as `spool check` reports it: a change that the next
/// start or reload will make.
package struct TopologyChange: Sendable, Equatable, Codable {
    /// `source contoso`, `stream contoso/alerts` or `sink siem`.
    package let subject: String
    /// What will happen, and what to set if that is not intended.
    package let detail: String
    /// True for a change that is probably a mistake, or that stops a sink.
    package let isWarning: Bool

    package init(_ subject: String, _ detail: String, isWarning: Bool = false) {
        self.subject = subject
        self.detail = detail
        self.isWarning = isWarning
    }

    private enum CodingKeys: String, CodingKey {
        case subject, detail
        case isWarning = "warning"
    }
}
