import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Request gate", .timeLimit(.minutes(5)))
struct RequestGateTests {
    let clock = ManualClock()
    let stop = ShutdownRequest()

    private func gate(_ perMinute: Int) -> RequestGate {
        RequestGate(
            perMinute: perMinute,
            time: Clocks(clock: clock, wall: { Sample.now }, chance: { 0 })
        )
    }

    @Test("grants the next request exactly when the minute is over")
    func waits() async throws {
        let gate = gate(1)
        let first = await gate.take(.poll, stop: stop)
        async let second = gate.take(.poll, stop: stop)
        try await clock.waitUntilSleeping()
        #expect(clock.untilNextDeadline == .seconds(60))
        clock.advance(by: .seconds(60))

        #expect(first)
        #expect(await second)
    }

    @Test("a stop and a cancelled task return without a request")
    func stops() async throws {
        let gate = gate(1)
        _ = await gate.take(.poll, stop: stop)
        let cancelled = Task { await gate.take(.sweep, stop: stop) }
        let stopped = Task { await gate.take(.poll, stop: stop) }
        try await clock.waitUntilSleeping(count: 2)

        cancelled.cancel()
        #expect(await cancelled.value == false)
        stop.ask()
        #expect(await stopped.value == false)
        #expect(await gate.take(.poll, stop: stop) == false)
    }

    @Test("an overtaken claim sleeps until its turn")
    func overtaken() async throws {
        let gate = gate(4)
        for _ in 0..<4 { _ = await gate.take(.poll, stop: stop) }
        let sweep = Task { await gate.take(.sweep, stop: stop) }
        let polls = (0..<3).map { _ in Task { await gate.take(.poll, stop: stop) } }
        try await clock.waitUntilSleeping(count: 4)
        clock.advance(by: .seconds(60))

        #expect(await sweep.value)
        for poll in polls { #expect(await poll.value) }
    }

    @Test("a pause delays all claims, including those already waiting")
    func pauses() async throws {
        let gate = gate(20)
        gate.pause(.seconds(41), because: SourceFault(.throttled(.seconds(41)), "429"))
        async let poll = gate.take(.poll, stop: stop)
        try await clock.waitUntilSleeping()
        #expect(clock.untilNextDeadline == .seconds(41))
        clock.advance(by: .seconds(41))

        #expect(await poll)
    }
}

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

@Suite("Request budget")
struct RequestBudgetTests {
    var budget = RequestBudget(perMinute: 20)

    /// Takes as many requests as are granted.
    private mutating func drain(_ claim: RequestClaim, waiting: Set<RequestClaim>, now: Duration = .zero)
        -> Int
    {
        var taken = 0
        while budget.hasRoom(for: claim, waiting: waiting, now: now) {
            budget.grant(claim, now: now)
            taken += 1
        }
        return taken
    }

    @Test("polls alone may use the whole budget")
    mutating func pollsAlone() {
        #expect(drain(.poll, waiting: [.poll]) == 20)
    }

    @Test("polls leave the floors of waiting claims")
    mutating func floorsOfOthers() {
        #expect(drain(.poll, waiting: [.poll, .sweep, .recovery]) == 16)
        #expect(drain(.sweep, waiting: [.sweep, .recovery]) == 3)
        #expect(drain(.recovery, waiting: [.recovery]) == 1)
    }

    @Test("the floor of polls is reserved even while none waits", arguments: [RequestClaim.sweep, .recovery])
    func floorOfPolls(claim: RequestClaim) {
        var budget = RequestBudget(perMinute: 20)
        var taken = 0
        while budget.hasRoom(for: claim, waiting: [claim], now: .zero) {
            budget.grant(claim, now: .zero)
            taken += 1
        }

        #expect(taken == 10)
        #expect(budget.hasRoom(for: .poll, waiting: [.poll], now: .zero))
    }

    @Test("a request stops counting exactly after a minute")
    mutating func slidingMinute() {
        for second in 0..<20 { budget.grant(.poll, now: .seconds(second)) }

        #expect(!budget.hasRoom(for: .poll, waiting: [], now: .milliseconds(59_999)))
        #expect(budget.untilChange(now: .milliseconds(59_999)) == .milliseconds(1))
        #expect(budget.hasRoom(for: .poll, waiting: [], now: .seconds(60)))
        #expect(budget.untilChange(now: .seconds(60)) == .seconds(1))
    }

    @Test("nothing is granted during a pause, and a shorter pause does not end it")
    mutating func pauses() {
        budget.pause(until: .seconds(41))
        budget.pause(until: .seconds(3))

        #expect(!budget.hasRoom(for: .poll, waiting: [], now: .seconds(40)))
        #expect(budget.untilChange(now: .seconds(40)) == .seconds(1))
        #expect(budget.hasRoom(for: .poll, waiting: [], now: .seconds(41)))
    }

    @Test("the floors leave requests for every claim", arguments: 1...60)
    func floorsFit(perMinute: Int) {
        let budget = RequestBudget(perMinute: perMinute)

        for claim in RequestClaim.allCases {
            #expect(budget.hasRoom(for: claim, waiting: Set(RequestClaim.allCases), now: .zero))
        }
    }
}
