import SpoolCore
import SpoolPipeline
import Testing

@testable import SpoolEngine

@Suite("The queue of proofs")
struct ProofQueueTests {
    private static let now = Timestamp(milliseconds: 1_795_000_000_000)

    private static func proof(_ id: Int64, _ reason: Proof.Reason = .command) -> Proof {
        Proof(
            id: id,
            reason: reason,
            request: VerifyRequest(from: now - .hours(2), to: now - .hours(1)),
            state: .running,
            version: "1",
            started: now
        )
    }

    @Test("a waiting proof shows immediately what is running, since when, and how many are ahead")
    func waiting() throws {
        let queue = ProofQueue()
        queue.add(Self.proof(1), at: .zero)
        _ = queue.next(at: Self.now)
        queue.tell(1, "reads")
        queue.add(Self.proof(2), at: .zero)
        queue.add(Self.proof(3), at: .zero)

        let window = "\(Self.now - .hours(2)) to \(Self.now - .hours(1))"
        let under = "waiting: proof 1, another verify of \(window), is running since \(Self.now) (reads)"
        #expect(queue.step(of: 1, at: .zero) == "reads")
        #expect(queue.step(of: 2, at: .zero) == under)
        #expect(queue.step(of: 3, at: .zero) == under + "; 1 more is ahead")
        #expect(queue.step(of: 4, at: .zero) == nil)
    }

    @Test("a limited number of proofs wait")
    func isBounded() {
        let queue = ProofQueue()
        for id in 1...Int64(ProofQueue.limit) {
            #expect(!queue.isFull)
            queue.add(Self.proof(id), at: .zero)
        }

        #expect(queue.isFull)
        _ = queue.next(at: Self.now)
        #expect(!queue.isFull)
    }

    @Test("an audit yields to a command immediately, and the fourth time runs to completion")
    func givesWay() {
        let queue = ProofQueue()
        var endings: [ProofQueue.Ending?] = []
        for round in 1...5 as ClosedRange<Int64> {
            let audit = queue.begin(audit: Self.proof(round * 10, .audit), at: Self.now, .zero)
            queue.add(Self.proof(round), at: .zero)
            endings.append(queue.ending(of: round * 10))
            #expect(audit.stop.isAsked == (queue.ending(of: round * 10) != nil))
            queue.finish(round * 10)
            #expect(queue.next(at: Self.now)?.proof.id == round)
            queue.finish(round)
        }

        #expect(
            endings == [.givesWay(to: 1), .givesWay(to: 2), .givesWay(to: 3), nil, .givesWay(to: 5)]
        )
    }

    @Test("an audit that starts while a command waits also yields")
    func late() {
        let queue = ProofQueue()
        queue.add(Self.proof(1), at: .zero)

        let audit = queue.begin(audit: Self.proof(2, .audit), at: Self.now, .zero)

        #expect(audit.stop.isAsked && queue.ending(of: 2) == .givesWay(to: 1))
    }

    @Test(
        "a command's proof never yields, is stopped for the first cause, and can be removed while it waits"
    )
    func ends() {
        let queue = ProofQueue()
        queue.add(Self.proof(1), at: .zero)
        let job = queue.next(at: Self.now)
        queue.add(Self.proof(2), at: .zero)
        #expect(job?.stop.isAsked == false)

        queue.end(2, .cancelled)
        #expect(job?.stop.isAsked == false)
        queue.end(1, .commandGone)
        queue.end(1, .processEnds)

        #expect(job?.stop.isAsked == true && queue.ending(of: 1) == .commandGone)
        #expect(queue.remove(2)?.id == 2)
        #expect(queue.remove(2) == nil && queue.remove(1) == nil)
        #expect(queue.step(of: 2, at: .zero) == nil)
    }
}
