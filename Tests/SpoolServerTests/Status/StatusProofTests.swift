import SpoolControl
import SpoolCore
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolServer

@Suite("The proofs of a status report")
struct StatusProofTests {
    @Test("are the last audit and a proof requested since, and neither hides the other")
    func each() async throws {
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                func prove(_ reason: Proof.Reason, atMinute minute: Int) async throws -> Int64 {
                    let now = PortalBench.begin + .minutes(minute)
                    let request = VerifyRequest(from: now - .hours(1), to: now)
                    var proof = try await spool.beginProof(request, reason: reason, version: "1", at: now)
                    proof.state = .done
                    proof.finished = now
                    try await spool.save(proof)
                    return proof.id
                }
                func shown() async throws -> [Int64?] {
                    let report = try await StatusReport(spool, addresses: [:], at: bench.now)
                    return [report.audit?.id, report.proof?.id]
                }

                let none = try await shown()
                let first = try await prove(.command, atMinute: 1)
                let alone = try await shown()
                let audit = try await prove(.audit, atMinute: 2)
                let newerAudit = try await shown()
                let second = try await prove(.command, atMinute: 3)
                let both = try await shown()

                #expect(none == [nil, nil])
                #expect(alone == [nil, first])
                #expect(newerAudit == [audit, nil])
                #expect(both == [audit, second])
            }
        }
    }
}
