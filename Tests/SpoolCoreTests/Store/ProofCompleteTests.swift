import SpoolCore
import Testing

@Suite("Whether a proof is complete")
struct ProofCompleteTests {
    private static let window = TimeWindow(from: .init(milliseconds: 1_000), to: .init(milliseconds: 2_000))

    private static func proof(_ change: (inout ProofStream) -> Void) -> Proof {
        let name = StreamName(source: "contoso", stream: "activities")
        var stream = ProofStream(name: name, kind: .activity, filterHash: "f")
        stream.compared = window
        var proof = Proof(
            id: 1,
            reason: .command,
            request: VerifyRequest(from: window.from, to: window.to),
            state: .done,
            version: "1",
            started: window.to
        )
        let whole = stream
        change(&stream)
        proof.streams = [whole, stream]
        return proof
    }

    @Test("it is, where every stream was compared over the whole window and nothing is missing")
    func complete() {
        var proof = Self.proof { _ in }
        #expect(proof.isComplete && proof.isWhole && proof.isCompared)

        proof.state = .failed
        #expect(!proof.isComplete)
    }

    @Test("it is not, where one stream was not compared, begins later, or could not be proved over all of it")
    func partly() {
        let partly = [
            Self.proof { $0.compared = nil },
            Self.proof { $0.start = Self.window.from },
            Self.proof { $0.tooEarlyFrom = Self.window.from },
            Self.proof { $0.noLongerProvable = 1 },
            Self.proof { $0.unproved = [Self.window] },
        ]
        for proof in partly { #expect(!proof.isComplete && !proof.isWhole && proof.isCompared) }

        let missing = Self.proof { $0.neverFetched = 1 }
        #expect(!missing.isComplete && missing.isWhole)
    }

    @Test("one that has compared nothing proves nothing")
    func nothing() {
        var proof = Self.proof { $0.compared = nil }
        proof.streams.removeFirst()
        #expect(!proof.isComplete && !proof.isCompared)

        proof.streams = []
        #expect(!proof.isComplete && !proof.isCompared)
    }
}
