import SpoolCore
import Synchronization

/// A portal that a test controls: one closure answers all requests, and every request is recorded.
final class ScriptedSource: Source {
    struct Request: Sendable {
        let stream: StreamName
        let scan: Scan
        let limit: Int
    }

    /// The answer to a request; `.hang` waits for cancellation.
    enum Answer: Sendable {
        case page(Page)
        case fault(SourceFault)
        case hang
    }

    private struct State {
        var requests: [Request] = []
        var dates = 0
        var isShutDown = false
    }

    let name = "contoso"
    let type = "scripted"
    let budgetKey = "https://contoso.example"
    let requestsPerMinute: Int
    let pollInterval: Duration
    let streams: [SourceStream]
    private let state = Mutex(State())
    private let changed = ChangeSignal()
    private let now: @Sendable () -> Timestamp
    private let answer: @Sendable (Request, Int) -> Answer
    private let dateFault: @Sendable (Int) -> SourceFault?

    init(
        streams: [SourceStream] = [Sample.activities],
        requestsPerMinute: Int = 1_000,
        pollInterval: Duration = .seconds(15),
        now: @escaping @Sendable () -> Timestamp = { Sample.now },
        dateFault: @escaping @Sendable (Int) -> SourceFault? = { _ in nil },
        answer: @escaping @Sendable (Request, Int) -> Answer
    ) {
        self.streams = streams
        self.requestsPerMinute = requestsPerMinute
        self.pollInterval = pollInterval
        self.now = now
        self.dateFault = dateFault
        self.answer = answer
    }

    /// The pages requested so far.
    var requests: [Request] { state.withLock { $0.requests } }

    /// How often the source's time was requested.
    var dates: Int { state.withLock { $0.dates } }

    /// True once `shutDown` was called.
    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        let count = state.withLock { state in
            state.dates += 1
            return state.dates
        }
        changed.notify()
        if let fault = dateFault(count) { throw fault }
        return now()
    }

    /// An answer that is already parsed.
    private struct ReadAnswer: SourceAnswer {
        let whole: Page

        var keys: [String] { whole.records.map(\.event.externalID) }

        func rehearse(_ index: Int) {}

        func page(leaving unread: Set<Int>) throws(SourceFault) -> Page { whole }
    }

    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        let request = Request(stream: stream.name, scan: scan, limit: limit)
        let count = state.withLock { state in
            state.requests.append(request)
            return state.requests.count
        }
        changed.notify()
        switch answer(request, count) {
        case .page(let page): return ReadAnswer(whole: page)
        case .fault(let fault): throw fault
        case .hang:
            await ChangeSignal().changed(after: 0)
            throw SourceFault(.unreachable, "cancelled")
        }
    }

    func shutDown() async { state.withLock { $0.isShutDown = true } }

    /// Waits until this many pages were requested.
    func asked(_ count: Int) async { await until { $0.requests.count >= count } }

    /// Waits until the time was requested this often.
    func askedDate(_ count: Int) async { await until { $0.dates >= count } }

    private func until(_ condition: (State) -> Bool) async {
        while !Task.isCancelled {
            let version = changed.version
            if state.withLock({ condition($0) }) { return }
            await changed.changed(after: version)
        }
    }
}
