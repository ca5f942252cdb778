import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Request queue")
struct RequestQueueTests {
    @Test("within a claim, requests are granted in order of arrival")
    func firstComeFirstServed() {
        var queue = RequestQueue(RequestBudget(perMinute: 20))
        let first = queue.enter(.poll)
        let second = queue.enter(.poll)

        #expect(queue.take(second, now: .zero) != nil)
        #expect(queue.take(first, now: .zero) == nil)
        #expect(queue.take(second, now: .zero) == nil)
    }

    @Test("a claim with higher priority overtakes, and the next is granted when it leaves")
    func overtaking() {
        var queue = RequestQueue(RequestBudget(perMinute: 20))
        let sweep = queue.enter(.sweep)
        let poll = queue.enter(.poll)

        let wait = queue.take(sweep, now: .zero)
        queue.leave(poll)

        #expect(wait == RequestBudget.span)
        #expect(queue.take(sweep, now: .zero) == nil)
    }

    /// Runs waiting claims in virtual time as the gate does: each tries again when another leaves and when
    /// its wait is over.
    private struct Drive {
        var queue: RequestQueue
        var now = Duration.zero
        var waiting: [(ticket: RequestQueue.Ticket, since: Duration)] = []
        var granted: [(claim: RequestClaim, at: Duration, waited: Duration)] = []
        var looks = 0

        mutating func enter(_ claim: RequestClaim) { waiting.append((queue.enter(claim), now)) }

        /// Grants all requests that are due; returns how long nothing changes.
        mutating func settle() -> Duration {
            var soonest = RequestBudget.span
            var isMoving = true
            while isMoving {
                isMoving = false
                soonest = RequestBudget.span
                for entry in waiting {
                    looks += 1
                    if let wait = queue.take(entry.ticket, now: now) {
                        soonest = min(soonest, wait)
                    } else {
                        granted.append((entry.ticket.claim, now, now - entry.since))
                        waiting.removeAll { $0.ticket == entry.ticket }
                        isMoving = true
                    }
                }
            }
            return soonest
        }
    }

    @Test("never grants too much, never starves a claim, never returns a wait of zero", arguments: 1...40)
    func properties(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let perMinute = Int.random(in: 1...30, using: &random)
        var drive = Drive(queue: RequestQueue(RequestBudget(perMinute: perMinute)))
        while drive.granted.count < 400 {
            for claim in RequestClaim.allCases
            where Bool.random(using: &random) && !drive.waiting.contains(where: { $0.ticket.claim == claim })
            {
                drive.enter(claim)
            }
            if Int.random(in: 0..<50, using: &random) == 0 {
                drive.queue.pause(until: drive.now + .seconds(5))
            }
            let wait = drive.settle()
            #expect(wait > .zero)
            drive.now += min(wait, .milliseconds(Int.random(in: 1...20_000, using: &random)))
        }

        for (index, grant) in drive.granted.enumerated() {
            let inMinute = drive.granted[index...].prefix { $0.at < grant.at + RequestBudget.span }.count
            #expect(inMinute <= perMinute, "seed \(seed)")
        }
        // With one request per minute, three claims wait for each other; with floors, a minute and the
        // pauses.
        let longest = drive.granted.map(\.waited).max() ?? .zero
        #expect(longest <= .seconds(perMinute < 4 ? 300 : 180), "seed \(seed), \(perMinute) per minute")
        #expect(Set(drive.granted.map(\.claim)) == Set(RequestClaim.allCases))
    }

    @Test("two streams that poll every 15 s and sweep never wait with 20 requests per minute")
    func everydayLoad() {
        var drive = Drive(queue: RequestQueue(RequestBudget(perMinute: 20)))
        for second in 0..<1_800 {
            drive.now = .seconds(second)
            if second.isMultiple(of: 15) { for _ in 0..<2 { drive.enter(.poll) } }
            if second.isMultiple(of: 300) { for _ in 0..<7 { drive.enter(.sweep) } }
            _ = drive.settle()
        }

        #expect(drive.granted.allSatisfy { $0.waited == .zero })
        #expect(drive.waiting.isEmpty)
    }
}
