import Testing

@testable import SpoolCore

@Suite("A proof that is stopped before it finishes")
struct ProofEndingTests {
    private static func proof(_ repair: VerifyRequest.Repair, reason: Proof.Reason = .command) -> Proof {
        Proof(
            id: 1,
            reason: reason,
            request: VerifyRequest(
                from: Timestamp(milliseconds: 0),
                to: Timestamp(milliseconds: 10),
                repair: repair
            ),
            state: .running,
            version: "1",
            started: Timestamp(milliseconds: 20)
        )
    }

    private static func stream(_ name: String, mending: Bool? = nil) throws -> ProofStream {
        var stream = ProofStream(name: try #require(StreamName(name)), kind: .activity, filterHash: "f")
        stream.compared = TimeWindow(from: Timestamp(milliseconds: 0), to: Timestamp(milliseconds: 10))
        stream.mending = mending
        return stream
    }

    @Test("says which streams were not compared, and is never complete")
    func uncompared() throws {
        var proof = Self.proof(.none)
        proof.planned = ["c/activities", "c/alerts"]
        proof.streams = [try Self.stream("c/activities")]

        proof.end(.stopped, cause: "it was interrupted", at: Timestamp(milliseconds: 30))

        #expect(proof.error == "it was interrupted. Not compared: c/alerts.")
        #expect(proof.state == .stopped && proof.finished == Timestamp(milliseconds: 30))
        #expect(!proof.isComplete && proof.isCompared)
    }

    @Test("says which repairs are not finished, and what to do")
    func unmended() throws {
        var proof = Self.proof(.all)
        proof.planned = ["c/activities", "c/alerts"]
        proof.streams = [try Self.stream("c/activities", mending: true)]
        var audit = Self.proof(.fetch, reason: .audit)
        (audit.planned, audit.streams) = (proof.planned, proof.streams)

        proof.end(.failed, cause: "The source said 500.", at: Timestamp(milliseconds: 30))
        audit.end(.stopped, cause: "it gave way", at: Timestamp(milliseconds: 30))

        #expect(
            proof.error
                == "The source said 500. Not compared: c/alerts. Repair not finished: c/activities; what was "
                + "repaired is kept. Run the same command again to recover what is still missing."
        )
        #expect(
            audit.error
                == "it gave way. Not compared: c/alerts. Repair not finished: c/activities; what was "
                + "repaired is kept."
        )
    }

    @Test("with all streams compared and repaired it reports nothing unfinished")
    func mended() throws {
        var proof = Self.proof(.all)
        proof.planned = ["c/activities"]
        proof.streams = [try Self.stream("c/activities")]

        proof.end(.failed, cause: "the disk is full", at: Timestamp(milliseconds: 30))

        #expect(proof.error == "the disk is full.")
    }

    @Test("a proof that had not started says so")
    func unbegun() {
        var proof = Self.proof(.all)

        proof.end(.stopped, cause: "it was cancelled", at: Timestamp(milliseconds: 30))

        #expect(proof.error == "it was cancelled. It had not started.")
    }
}
