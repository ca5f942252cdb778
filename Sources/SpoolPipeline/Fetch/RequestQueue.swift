/// The queue for requests of a budget.
///
/// The next request goes to the claim with the highest priority that the budget allows, and within a claim to
/// the first ticket.
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

    /// Joins the queue.
    package mutating func enter(_ claim: RequestClaim) -> Ticket {
        defer { next += 1 }
        let ticket = Ticket(number: next, claim: claim)
        waiting.append(ticket)
        return ticket
    }

    /// Leaves the queue, with or without a request.
    package mutating func leave(_ ticket: Ticket) { waiting.removeAll { $0 == ticket } }

    /// Takes a request if it is this ticket's turn.
    ///
    /// - Returns: nil when it was taken; otherwise the time after which to try again. The caller must also
    ///   try again when another ticket leaves the queue.
    package mutating func take(_ ticket: Ticket, now: Duration) -> Duration? {
        guard turn(now: now) == ticket else { return budget.untilChange(now: now) }
        budget.grant(ticket.claim, now: now)
        leave(ticket)
        return nil
    }

    /// Sets the number of requests per minute.
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
