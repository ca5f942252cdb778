/// What one check did and found, and what to do about it.
package struct Finding: Sendable, Codable, Equatable {
    /// How good or bad it is.
    package enum Verdict: String, Sendable, Codable {
        case ok, warning, problem, skipped
    }

    /// What was examined: `source contoso`, `sink siem`, `spool`, `machine`.
    package let subject: String
    /// The check's name, a few words that stay the same.
    package let check: String
    package let verdict: Verdict
    /// What was done to find out.
    package let did: String
    /// What came of it; no secret and no event content.
    package let found: String
    /// What to do; nil where nothing is to be done.
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
