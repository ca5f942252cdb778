package import SpoolCore
import Synchronization

/// Grants requests to the streams of one tenant within its budget.
package final class RequestGate: Sendable {
    private let queue: Mutex<RequestQueue>
    private let time: Clocks
    private let changed = ChangeSignal()
    /// The tenant's last refusal, and until when it applies.
    private let refusal = Mutex<(fault: SourceFault, until: Duration)?>(nil)

    package init(perMinute: Int, time: Clocks) {
        queue = Mutex(RequestQueue(RequestBudget(perMinute: perMinute)))
        self.time = time
    }

    /// Returns when a request may be made (true), or when `stop` is requested or the task is cancelled
    /// (false).
    package func take(_ claim: RequestClaim, stop: ShutdownRequest) async -> Bool {
        let ticket = queue.withLock { $0.enter(claim) }
        defer {
            queue.withLock { $0.leave(ticket) }
            changed.notify()
        }
        while !stop.isAsked, !Task.isCancelled {
            let turn = SeenVersion(changed)
            let wait = queue.withLock { $0.take(ticket, now: time.elapsed()) }
            guard let wait else { return true }
            await time.wait(wait, or: turn, SeenVersion(stop))
        }
        return false
    }

    /// Sets the number of requests per minute; those granted within the last minute count.
    package func limit(toPerMinute perMinute: Int) {
        queue.withLock { $0.limit(toPerMinute: perMinute) }
        changed.notify()
    }

    /// The fault with which the tenant refused requests, while nothing is granted because of it; otherwise
    /// nil.
    package var pausedBy: SourceFault? {
        refusal.withLock { refusal in
            guard let last = refusal, time.elapsed() < last.until else { return nil }
            return last.fault
        }
    }

    /// Grants nothing for this long, because the tenant has answered 429 (`fault`).
    package func pause(_ duration: Duration, because fault: SourceFault) {
        refusal.withLock { $0 = (fault, max($0?.until ?? .zero, time.elapsed() + duration)) }
        queue.withLock { $0.pause(until: time.elapsed() + duration) }
        changed.notify()
    }
}

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

/// The purposes of requests, in order of priority.
package enum RequestClaim: Int, Sendable, CaseIterable, Comparable {
    case poll, sweep, recovery

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// How many requests per minute are reserved for it, regardless of the other claims.
    func floor(of perMinute: Int) -> Int {
        guard perMinute >= RequestBudget.leastForFloors else { return 0 }
        return switch self {
        case .poll: perMinute / 2
        case .sweep: max(1, perMinute * 15 / 100)
        case .recovery: max(1, perMinute * 5 / 100)
        }
    }
}

/// The number of requests to a tenant within any 60 seconds, over all streams of all its sources.
///
/// A claim is granted a request if the requests of the last 60 s, plus the unused part of the other claims'
/// floors, are below the limit. The floor of polls is always reserved, so that a poll never waits a minute
/// for its turn. The other floors are only reserved while such a claim waits, so that no part of the budget
/// stays unused. The tenant allows 30 requests per minute for all its callers together (Defender for Cloud
/// Apps, REST API, "Throttling"), so spool stays below that.
package struct RequestBudget: Sendable {
    package static let span = Duration.seconds(60)
    /// With fewer requests per minute there are no floors, and requests are granted in order of arrival.
    package static let leastForFloors = 4

    private(set) var perMinute: Int
    private var granted: [(at: Duration, claim: RequestClaim)] = []
    private var pausedUntil: Duration = .zero

    package init(perMinute: Int) { self.perMinute = perMinute }

    /// True when a request of this claim may be made now, while the claims in `waiting` wait as well.
    package func hasRoom(for claim: RequestClaim, waiting: Set<RequestClaim>, now: Duration) -> Bool {
        now >= pausedUntil && used(now: now) + kept(from: claim, waiting: waiting, now: now) < perMinute
    }

    /// Notes a request made at `now`.
    package mutating func grant(_ claim: RequestClaim, now: Duration) {
        granted.removeAll { $0.at <= now - Self.span }
        granted.append((now, claim))
    }

    /// The time until a request may be granted again without other changes: until the end of the pause, or
    /// until the oldest request is more than a minute ago.
    package func untilChange(now: Duration) -> Duration {
        if now < pausedUntil { return pausedUntil - now }
        let next = granted.lazy.map { $0.at + Self.span - now }.first { $0 > .zero }
        return next ?? Self.span
    }

    /// Sets the number of requests per minute.
    package mutating func limit(toPerMinute perMinute: Int) { self.perMinute = perMinute }

    /// Grants nothing before `until`, because the tenant has answered 429.
    package mutating func pause(until: Duration) { pausedUntil = max(pausedUntil, until) }

    /// Requests granted within the last minute.
    package func used(now: Duration) -> Int { granted.count { $0.at > now - Self.span } }

    private func kept(from claim: RequestClaim, waiting: Set<RequestClaim>, now: Duration) -> Int {
        RequestClaim.allCases.reduce(0) { sum, other in
            guard other != claim, other == .poll || waiting.contains(other) else { return sum }
            let used = granted.count { $0.claim == other && $0.at > now - Self.span }
            return sum + max(0, other.floor(of: perMinute) - used)
        }
    }
}
