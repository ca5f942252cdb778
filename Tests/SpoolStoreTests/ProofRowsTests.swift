import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Storage of proofs in the spool") struct ProofRowsTests {
    private static let request = VerifyRequest(from: .t0, to: .t(100))

    private static func names(_ count: Int, _ prefix: String = "x") -> [MissingEvent] {
        (0..<count).map {
            MissingEvent(stream: "c/a", sink: nil, cause: .neverFetched, id: "\(prefix)\($0)", seq: nil)
        }
    }

    @Test("ids of missing events are limited over all proofs; those of the oldest proof are deleted first")
    func bounded() async throws {
        let test = try TestSpool()
        var proofs: [Int64] = []
        for second in 1...3 {
            let proof = try await test.spool.beginProof(
                Self.request,
                reason: .audit,
                version: "1",
                at: .t(second)
            )
            proofs.append(proof.id)
        }
        let ids = proofs

        try await test.spool.write { db in
            try ProofRows.add(db, Self.names(6), to: ids[0], atMost: 10)
            try ProofRows.add(db, Self.names(3), to: ids[1], atMost: 10)
            try ProofRows.add(db, Self.names(4), to: ids[2], atMost: 10)
            try ProofRows.add(db, Self.names(20, "y"), to: ids[2], atMost: 10)
        }

        let kept = try await test.values(
            "SELECT count(*) FROM proof_missing GROUP BY proof_id ORDER BY proof_id"
        )
        #expect(kept == [10])
        #expect(try await test.values("SELECT DISTINCT proof_id FROM proof_missing") == [ids[2]])
    }

    @Test("an audit that began in the future is corrected to the current time")
    func clockAhead() async throws {
        let test = try TestSpool()
        var ahead = try await test.spool.beginProof(
            Self.request,
            reason: .audit,
            version: "1",
            at: .t(90_000_000)
        )
        (ahead.state, ahead.finished) = (.done, .t(90_000_100))
        try await test.spool.save(ahead)

        let first = try await test.spool.lastAuditBegan(at: .t(1_000))
        let later = try await test.spool.lastAuditBegan(at: .t(2_000))

        #expect(first == .t(1_000) && later == .t(1_000))
        #expect(try await test.spool.status().lastAudit == .t(1_000))
    }
}
