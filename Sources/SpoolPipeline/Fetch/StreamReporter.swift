import Logging
package import SpoolCore

/// Logs the results of a stream's requests, and stores its state in the spool for `status`.
struct StreamReporter: Sendable {
    var health: StreamHealth
    /// True once skipped records, which retention has already deleted, have been logged.
    var hasToldOfSkipped = false
    /// Records outside their window that have been logged.
    private var toldOutside: Set<String> = []
    private var reported: StreamTrouble?
    /// Since when that lasts, by the monotonic clock.
    private var reportedSince = Duration.zero
    /// The state when the source's time is not accepted; every other problem takes precedence.
    private static let clockWord = "clocks differ"
    /// False until `reported` has been written to the spool, which may still contain a problem of the
    /// previous run.
    private var isInStep = false
    private let id: StreamID
    private let store: any PageStore
    private let time: Clocks
    private let logger: Logger

    init(stream: SourceStream, id: StreamID, store: any PageStore, time: Clocks, logger: Logger) {
        health = StreamHealth(pageLimit: stream.pageLimit)
        self.id = id
        self.store = store
        self.time = time
        self.logger = logger
    }

    /// Notes a fault, stores it in the spool when it is new, and returns the pause before the next attempt.
    mutating func reportFailure(_ fault: SourceFault, of reason: Scan.Reason) async throws(StoreError)
        -> Duration
    {
        let pause = health.noteFailure(fault, of: reason, chance: time.chance())
        try await reportFault(fault, "source not answering")
        return pause
    }

    /// Notes the fault with which the tenant refused another stream's request: this stream has to wait as
    /// well.
    mutating func reportPause(_ fault: SourceFault?) async throws(StoreError) {
        guard let fault else { return }
        try await reportFault(fault, "fetching paused: the tenant is throttling requests")
    }

    private mutating func reportFault(_ fault: SourceFault, _ message: Logger.Message)
        async throws(StoreError)
    {
        let word = StreamHealth.word(fault.kind)
        if !isInStep || reported?.state != word || reported?.message != fault.description {
            logger.warning(message, metadata: ["state": "\(word)", "cause": "\(fault)"])
            let now = time.elapsed()
            if reported?.state != word { reportedSince = now }
            let since = time.wall() - (now - reportedSince)
            let news = StreamTrouble(state: word, message: fault.description, since: since)
            try await report(news)
        }
    }

    /// Notes an answer, which resolves a problem with requests.
    ///
    /// `doubt` states why the answer's `Date` is not accepted; this is a problem of its own, and every other
    /// one takes precedence.
    mutating func reportAnswer(_ reason: Scan.Reason, endsScan: Bool, doubt: String? = nil)
        async throws(StoreError)
    {
        guard health.noteAnswer(reason, endsScan: endsScan) else { return }
        if let doubt {
            guard !isInStep || reported?.message != doubt else { return }
            let news = StreamTrouble(state: Self.clockWord, message: doubt, since: time.wall())
            return try await report(news)
        }
        guard reported != nil || !isInStep else { return }
        if let was = reported, was.state != Self.clockWord {
            logger.notice("source answers again", metadata: ["state": "connected", "was": "\(was.state)"])
        }
        try await report(nil)
    }

    /// Logs records outside the requested window, each once; they are spooled like all others.
    mutating func logOutside(_ records: [OutsideRecord], of scan: Scan) {
        let new = records.filter { !toldOutside.contains($0.id) }
        // Bounds the memory when a source keeps returning new ones; the earliest may be logged again.
        if toldOutside.count + new.count > Self.mostTold { toldOutside.removeAll() }
        toldOutside.formUnion(new.prefix(Self.mostTold).map(\.id))
        for record in new.prefix(Self.namedAtOnce) {
            logger.warning(
                "the source returned a record outside the requested window; it is spooled nevertheless",
                metadata: [
                    "id": "\(PrintableText.escaped(record.id, limit: 100))", "time": "\(record.time)",
                    "from": "\(scan.from)", "to": "\(scan.to.map(\.description) ?? "open")",
                ]
            )
        }
        if new.count > Self.namedAtOnce {
            logger.warning(
                "more records outside the requested window",
                metadata: ["records": "\(new.count - Self.namedAtOnce)"]
            )
        }
    }

    private static let mostTold = 1_000
    private static let namedAtOnce = 5

    private mutating func report(_ news: StreamTrouble?) async throws(StoreError) {
        do throws(StoreError) {
            try await store.report(news, of: id)
            reported = news
            isInStep = true
        } catch {
            // A full disk must not stop the daemon because of a stream's problem; it is reported again later.
            guard error.isPassing else { throw error }
        }
    }
}

/// The results of a stream's last requests: the state shown, the pause before the next attempt, and the size
/// of the next page.
package struct StreamHealth: Sendable, Equatable {
    /// Faults with the same remedy; the backoff grows while consecutive faults belong to one family.
    private enum Family: Equatable {
        case throttle, setting, link, size, scan, end

        init(_ kind: SourceFault.Kind) {
            switch kind {
            case .throttled: self = .throttle
            case .invalidToken, .forbidden, .rejected, .invalidProxy: self = .setting
            case .unreachable, .incomplete, .nonsense: self = .link
            case .tooLarge: self = .size
            case .scanLost: self = .scan
            case .unended: self = .end
            }
        }
    }

    /// The states that only a settings change can fix, however long one waits.
    package static let settingWords = Set(
        [SourceFault.Kind.invalidToken, .forbidden, .rejected, .invalidProxy]
            .map(word)
    )

    /// The size of the next page.
    package var limit: PageLimit
    private var failures = 0
    private var family: Family?
    /// After this many consecutive answers without an end, the scan's position is no longer trusted.
    static let unendedAtOnePlace = 10

    /// Scans that were lost or did not end since the last one that ended.
    ///
    /// They are counted per reason, because a successful poll says nothing about sweeps.
    private var lost: [Scan.Reason: Int] = [:]

    /// - Parameter pageLimit: the maximum number of records per page.
    package init(pageLimit: Int) { limit = PageLimit(most: pageLimit) }

    /// A page was fetched: the backoff starts over with the next fault.
    ///
    /// If scans were lost or did not end, the problem is only resolved when a scan of the same reason has
    /// ended.
    ///
    /// - Returns: true when the problem is resolved.
    package mutating func noteAnswer(_ reason: Scan.Reason = .poll, endsScan: Bool) -> Bool {
        failures = 0
        family = nil
        if endsScan { lost[reason] = nil }
        return lost.isEmpty
    }

    /// True when a scan must restart after a fault that is about to be noted, instead of continuing at its
    /// position.
    ///
    /// An open poll whose end is unknown always restarts: `since` is unchanged, and the next poll reads from
    /// there. The position of any other scan is requested again, in case it is lost only temporarily.
    package func beginsAgain(_ scan: Scan, after fault: SourceFault) -> Bool {
        switch fault.kind {
        case .scanLost: true
        case .unended:
            (scan.reason == .poll && scan.to == nil)
                || (lost[scan.reason, default: 0] + 1).isMultiple(of: Self.unendedAtOnePlace)
        default: false
        }
    }

    /// Notes a fault of a scan of this reason, and requests smaller pages after truncated answers.
    ///
    /// - Returns: the pause before the next attempt, at least as long as the source requested.
    package mutating func noteFailure(_ fault: SourceFault, of reason: Scan.Reason = .poll, chance: Double)
        -> Duration
    {
        switch fault.kind {
        case .tooLarge: limit.noteTooLarge()
        case .incomplete: limit.noteCutOff()
        default: break
        }
        return pause(after: fault, of: reason, chance: chance)
    }

    private mutating func pause(after fault: SourceFault, of reason: Scan.Reason, chance: Double)
        -> Duration
    {
        let family = Family(fault.kind)
        failures = family == self.family ? failures + 1 : 1
        self.family = family
        switch family {
        case .throttle:
            // When the answer gives no time, one minute is usually enough.
            var least = Duration.seconds(60)
            if case .throttled(let asked?) = fault.kind { least = asked }
            return min(max(least, .seconds(1)), .seconds(900)) + .seconds(5) * chance
        case .setting:
            return RetryPolicy.setting.delay(afterFailures: failures, chance: chance)
        case .link:
            return RetryPolicy.link.delay(afterFailures: failures, chance: chance)
        case .size:
            // The remedy is a smaller page, without a pause; 20 halvings bring any limit down to 1.
            return failures < 20
                ? .zero : RetryPolicy.link.delay(afterFailures: failures - 19, chance: chance)
        case .scan:
            lost[reason, default: 0] += 1
            let lost = lost[reason, default: 0]
            return lost == 1 ? .zero : RetryPolicy.setting.delay(afterFailures: lost - 1, chance: chance)
        case .end:
            lost[reason, default: 0] += 1
            return RetryPolicy.unended.delay(afterFailures: lost[reason, default: 0], chance: chance)
        }
    }

    /// The state as `status` shows it; "invalid token" and "invalid proxy address" are words of the retired
    /// agent.
    package static func word(_ kind: SourceFault.Kind) -> String {
        switch kind {
        case .throttled: "throttled"
        case .invalidToken: "invalid token"
        case .forbidden: "forbidden"
        case .rejected: "filters refused"
        case .invalidProxy: "invalid proxy address"
        case .unreachable: "unreachable"
        case .incomplete: "incomplete answers"
        case .tooLarge: "answers too large"
        case .nonsense, .unended: "unusable answers"
        case .scanLost: "scan lost"
        }
    }
}

/// How many records the next page requests: the source's maximum, or fewer while answers are truncated.
package struct PageLimit: Sendable, Equatable {
    private let most: Int
    /// The limit of the next request.
    package private(set) var current: Int
    private var cutOff = 0
    private var whole = 0

    package init(most: Int) {
        self.most = most
        current = most
    }

    /// A page was complete; after eight complete pages the limit grows by half.
    package mutating func noteWholePage() {
        cutOff = 0
        guard current < most else { return }
        whole += 1
        guard whole >= 8 else { return }
        whole = 0
        current = min(most, current + max(1, current / 2))
    }

    /// The body exceeded the size limit; this halves the page limit.
    package mutating func noteTooLarge() { halve() }

    /// A timeout or truncation; the second one of the same page halves the limit.
    package mutating func noteCutOff() {
        cutOff += 1
        if cutOff >= 2 { halve() }
    }

    private mutating func halve() {
        cutOff = 0
        whole = 0
        current = max(1, current / 2)
    }
}
