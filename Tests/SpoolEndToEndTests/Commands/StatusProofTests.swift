import SpoolControl
import SpoolCore
import Testing

@testable import spool

@Suite("Proofs in `spool status`")
struct StatusProofTests {
    private static let now = Timestamp(milliseconds: 1_795_046_400_000)

    private func proof(_ reason: String, of window: Duration, missing: Int) throws -> ProofStatus {
        let text = """
            {"id":1,"reason":"\(reason)","from_ms":\((Self.now - window).milliseconds),\
            "to_ms":\(Self.now.milliseconds),"events":12345,"missing":\(missing),"fetched":0,\
            "complete":\(missing == 0),"finished_ms":\(Self.now.milliseconds)}
            """
        return try ControlCoding.decode(ProofStatus.self, from: Array(text.utf8))
    }

    private func lines(audit: ProofStatus?, proof: ProofStatus?) -> [String] {
        var report = StatusReport(
            version: "1",
            holder: "7 (spool run)",
            at: Self.now,
            spool: SpoolFileStatus(path: "/spool.db", events: 1, used: 2, limit: 3, wal: 4, free: 5)
        )
        report.audit = audit
        report.proof = proof
        return StatusText(report).text.split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("audit ") || $0.hasPrefix("proof ") }
    }

    @Test("the audit and a newer requested proof have a line each")
    func each() throws {
        let audit = try proof("audit", of: .hours(48), missing: 12)
        let asked = try proof("command", of: .minutes(2), missing: 0)

        let both = lines(audit: audit, proof: asked)

        #expect(both.count == 2)
        #expect(both.first?.hasPrefix("audit   ") == true)
        #expect(both.first?.hasSuffix("12,345 events, 12 MISSING, by the daemon") == true)
        #expect(both.last?.hasPrefix("proof   2m up to ") == true)
        #expect(both.last?.hasSuffix(": 12,345 events, 0 missing") == true)
        #expect(lines(audit: audit, proof: nil) == [both[0]])
        #expect(lines(audit: nil, proof: nil).isEmpty)
    }
}
