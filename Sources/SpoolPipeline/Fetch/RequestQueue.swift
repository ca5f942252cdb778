/// Who waits for a request of the budget, and whose turn it is: the strongest claim that has room, and within
/// a claim whoever came first.
package struct RequestQueue: Sendable {
    /// A place in the queue.
    package struct Ticket: Sendable, Hashable {
        fileprivate let number: Int
        package let claim: RequestClaim
    }

    private var budget: RequestBudget
    private var waiting: [Ticket] = []
    private var next = 0

    package init(_ budget: RequestBudget) { self.budget = budget }

    /// Queues up.
    package mutating func enter(_ claim: RequestClaim) -> Ticket {
        defer { next += 1 }
        let ticket = Ticket(number: next, claim: claim)
        waiting.append(ticket)
        return ticket
    }

    /// Gives up a place, used or not.
    package mutating func leave(_ ticket: Ticket) { waiting.removeAll { $0 == ticket } }

    /// Takes the request if it is this ticket's turn.
    ///
    /// - Returns: nil when it was taken; otherwise how long nothing changes by time alone. Whoever waits must
    ///   also look again when another one leaves the queue.
    package mutating func take(_ ticket: Ticket, now: Duration) -> Duration? {
        guard turn(now: now) == ticket else { return budget.untilChange(now: now) }
        budget.grant(ticket.claim, now: now)
        leave(ticket)
        return nil
    }

    /// Grants this many requests a minute from now on.
    package mutating func limit(toPerMinute perMinute: Int) { budget.limit(toPerMinute: perMinute) }

    /// Grants nothing before `until`.
    package mutating func pause(until: Duration) { budget.pause(until: until) }

    /// Requests granted within the last minute.
    package func used(now: Duration) -> Int { budget.used(now: now) }

    private func turn(now: Duration) -> Ticket? {
        let claims = Set(waiting.map(\.claim))
        let ready = waiting.filter { budget.hasRoom(for: $0.claim, waiting: claims, now: now) }
        guard budget.perMinute >= RequestBudget.leastForFloors else { return ready.first }
        return ready.min { ($0.claim, $0.number) < ($1.claim, $1.number) }
    }
}
