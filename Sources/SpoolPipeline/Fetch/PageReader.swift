import Logging
import SpoolCore

/// A stream's memory of how its last requests went: the page limit, the trouble and what was said of it.
struct PageReader: Sendable {
    var pace: PagePace
    /// True once it was said that records were left out below what retention has taken.
    var hasToldOfSkipped = false
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
        let word = FetchTrouble.word(fault.kind)
        if !isInStep || reported?.state != word || reported?.message != fault.description {
            logger.warning("source not answering", metadata: ["state": "\(word)", "cause": "\(fault)"])
            let since = reported?.state == word ? reported?.since : nil
            let news = StreamTrouble(state: word, message: fault.description, since: since ?? time.wall())
            try await report(news, store, stream)
        }
        return pause
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
            logger.notice("source answers again", metadata: ["state": "\(was.state)"])
        }
        try await report(nil, store, stream)
    }

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
