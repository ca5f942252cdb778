import Logging
import SpoolCore

/// A stream's memory of how its last requests went: the page limit, the trouble and what was said of it.
struct PageReader: Sendable {
    var pace: PagePace
    /// True once it was said that records were left out below what retention has taken.
    var hasToldOfSkipped = false
    /// Records outside of their window of which it was said.
    private var toldOutside: Set<String> = []
    private var reported: StreamTrouble?
    /// The word for a time of the source that is not believed; all else that is wrong goes first.
    private static let clockWord = "clocks differ"
    /// False until the spool holds what `reported` says: a trouble of the run before may still stand there.
    private var isInStep = false
    private let time: Timekeeper
    private let logger: Logger

    init(stream: SourceStream, time: Timekeeper, logger: Logger) {
        pace = PagePace(stream: stream)
        self.time = time
        self.logger = logger
    }

    /// Notes a fault, keeps it in the spool when it is a new one, and says how long to pause.
    mutating func failed(
        _ fault: SourceFault,
        of reason: Scan.Reason,
        _ store: any PageStore,
        _ stream: StreamID
    ) async throws(StoreError) -> Duration {
        let pause = pace.failed(fault, of: reason, chance: time.chance())
        try await tell(fault, "source not answering", store, stream)
        return pause
    }

    /// Notes what another reading of the same tenant was refused with: this stream has to wait for it as well.
    mutating func holdsBack(_ fault: SourceFault?, _ store: any PageStore, _ stream: StreamID)
        async throws(StoreError)
    {
        guard let fault else { return }
        try await tell(fault, "fetching paused: the tenant is throttling requests", store, stream)
    }

    private mutating func tell(
        _ fault: SourceFault,
        _ message: Logger.Message,
        _ store: any PageStore,
        _ stream: StreamID
    ) async throws(StoreError) {
        let word = FetchTrouble.word(fault.kind)
        if !isInStep || reported?.state != word || reported?.message != fault.description {
            logger.warning(message, metadata: ["state": "\(word)", "cause": "\(fault)"])
            let since = reported?.state == word ? reported?.since : nil
            let news = StreamTrouble(state: word, message: fault.description, since: since ?? time.wall())
            try await report(news, store, stream)
        }
    }

    /// Notes an answer: the trouble is over, if it was one of getting answers.
    ///
    /// `doubt` says why the answer's `Date` is not believed; that is a trouble of its own, and every other goes first.
    mutating func answered(
        _ reason: Scan.Reason,
        endsScan: Bool,
        doubt: String? = nil,
        _ store: any PageStore,
        _ stream: StreamID
    ) async throws(StoreError) {
        guard pace.answered(reason, endsScan: endsScan) else { return }
        if let doubt {
            guard !isInStep || reported?.message != doubt else { return }
            let news = StreamTrouble(state: Self.clockWord, message: doubt, since: time.wall())
            return try await report(news, store, stream)
        }
        guard reported != nil || !isInStep else { return }
        if let was = reported, was.state != Self.clockWord {
            logger.notice("source answers again", metadata: ["state": "connected", "was": "\(was.state)"])
        }
        try await report(nil, store, stream)
    }

    /// Says of records that lie outside of the window asked for, once of each: they are spooled like all others.
    mutating func tellOutside(_ records: [OutsideRecord], of scan: Scan) {
        let new = records.filter { !toldOutside.contains($0.id) }
        // A source that shows ever new ones must not fill the memory; those told first may be told again.
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

    private mutating func report(_ news: StreamTrouble?, _ store: any PageStore, _ stream: StreamID)
        async throws(StoreError)
    {
        do throws(StoreError) {
            try await store.report(news, of: stream)
            reported = news
            isInStep = true
        } catch {
            // A full disk must not turn a stream's trouble into the daemon's: it is reported again later.
            guard error.isPassing else { throw error }
        }
    }
}

/// A record that the source has shown for a window in which it does not lie, by its own time.
struct OutsideRecord: Sendable {
    let id: String
    let time: Timestamp

    /// Those of a page.
    static func all(of page: Page) -> [OutsideRecord] {
        page.records.filter(\.isOutside).map {
            OutsideRecord(id: $0.event.externalID, time: $0.event.created)
        }
    }
}
