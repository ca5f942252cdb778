import SpoolPipeline
import Testing

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
