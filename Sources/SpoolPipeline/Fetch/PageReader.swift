import Logging
import SpoolCore

/// A stream's memory of how its last requests went: the page limit, the trouble and what was said of it.
struct PageReader: Sendable {
    var pace: PagePace
    private var reported: StreamTrouble?
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
    mutating func failed(_ fault: SourceFault, _ store: any PageStore, _ stream: StreamID)
        async throws(StoreError) -> Duration
    {
        let pause = pace.failed(fault, chance: time.chance())
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
    mutating func answered(endsScan: Bool, _ store: any PageStore, _ stream: StreamID)
        async throws(StoreError)
    {
        guard pace.answered(endsScan: endsScan), reported != nil || !isInStep else { return }
        if let was = reported {
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
