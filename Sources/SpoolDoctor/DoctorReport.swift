/// All findings, for scripts; the JSON keys are stable.
package struct DoctorReport: Sendable, Codable {
    package let findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    /// True when at least one finding is a problem.
    package var hasProblem: Bool { findings.contains { $0.verdict == .problem } }

    /// "2 problems, 1 warning, 24 checks".
    package var summary: String {
        func count(_ verdict: Finding.Verdict, _ word: String) -> String? {
            let number = findings.count { $0.verdict == verdict }
            return number == 0 ? nil : "\(number) \(word)\(number == 1 ? "" : "s")"
        }
        let parts = [count(.problem, "problem"), count(.warning, "warning"), "\(findings.count) checks"]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
