import SpoolDoctor

/// Findings for people: a heading for each subject, one block for each check.
struct DoctorText {
    private var subject = ""

    /// The lines of some findings, after those given before.
    mutating func lines(of findings: [Finding]) -> String {
        findings.map { finding in
            let heading =
                finding.subject == subject ? "" : (subject.isEmpty ? "" : "\n") + "\(finding.subject)\n"
            subject = finding.subject
            return heading + Self.block(finding)
        }
        .joined()
    }

    private static func block(_ finding: Finding) -> String {
        let mark =
            switch finding.verdict {
            case .ok: "ok     "
            case .warning: "WARNING"
            case .problem: "PROBLEM"
            case .skipped: "skipped"
            }
        var lines = [
            "  \(mark)  \(finding.check): \(finding.found.printable)",
            "           did: \(finding.did.printable)",
        ]
        if let remedy = finding.remedy { lines.append("           do:  \(remedy.printable)") }
        return lines.joined(separator: "\n") + "\n"
    }
}
