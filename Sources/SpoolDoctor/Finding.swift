/// What one check did and found, and what to do about it.
package struct Finding: Sendable, Codable, Equatable {
    /// The severity of a finding.
    package enum Verdict: String, Sendable, Codable {
        case ok, warning, problem, skipped
    }

    /// What was examined: `source contoso`, `sink siem`, `spool`, `machine`.
    package let subject: String
    /// The check's name; it is stable.
    package let check: String
    package let verdict: Verdict
    /// What the check did.
    package let did: String
    /// The result, without secrets and event content.
    package let found: String
    /// What to do; nil if nothing has to be done.
    package let remedy: String?

    package init(
        _ subject: String,
        _ check: String,
        _ verdict: Verdict,
        did: String,
        found: String,
        remedy: String? = nil
    ) {
        self.subject = subject
        self.check = check
        self.verdict = verdict
        self.did = did
        self.found = found
        self.remedy = remedy
    }
}
