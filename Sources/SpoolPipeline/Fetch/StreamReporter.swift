import Logging
import SpoolCore

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
