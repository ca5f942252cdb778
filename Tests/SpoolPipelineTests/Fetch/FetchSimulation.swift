import SpoolCore
import SpoolPipeline

/// Plans, budget and tenant in virtual time: a simulation of the fetch loop.
struct FetchSimulation {
    struct Stream {
        let stream: SourceStream
        let tenant: SimulatedTenant
        var plan: FetchPlan
        var progress: StreamProgress
        var polled: [Int: Int] = [:]
        var swept: [Int: Int] = [:]
        var worstSweepLag = Duration.zero
        var worstPollLag = Duration.zero
        fileprivate var doing = Doing.deciding

        /// True once a record was read by a poll or a sweep.
        func hasRead(_ id: Int) -> Bool { polled[id] != nil || swept[id] != nil }
    }

    fileprivate enum Doing {
        case deciding
        case idle(until: Duration)
        case queued(RequestQueue.Ticket, Scan, lookAt: Duration)
        case asking(Scan, until: Duration)

        var due: Duration {
            switch self {
            case .deciding: .zero
            case .idle(let until), .queued(_, _, let until), .asking(_, let until): until
            }
        }
    }

    let begin: Timestamp
    var streams: [Stream] = []
    var queue: RequestQueue
    var now = Duration.zero
    var requests: [Duration] = []
    /// Lags are measured from this time.
    var settledAfter = Duration.minutes(12)

    init(begin: Timestamp, perMinute: Int) {
        self.begin = begin
        queue = RequestQueue(RequestBudget(perMinute: perMinute))
    }

    var date: Timestamp { begin + now }

    /// The maximum number of requests within any minute.
    var busiestMinute: Int {
        requests.indices.map { index in
            requests[index...].prefix { $0 < requests[index] + .seconds(60) }.count
        }
        .max() ?? 0
    }

    mutating func add(_ stream: SourceStream, _ tenant: SimulatedTenant) {
        streams.append(
            Stream(
                stream: stream,
                tenant: tenant,
                plan: FetchPlan(stream: stream, pollInterval: .seconds(15)),
                progress: StreamProgress(
                    start: begin - .hours(1),
                    cursor: Cursor(since: begin - .hours(1)),
                    sweptTo: begin - .hours(1)
                )
            )
        )
    }

    mutating func run(until end: Duration) {
        while now < end {
            for index in streams.indices where streams[index].doing.due <= now { step(index) }
            let next = streams.map(\.doing.due).min() ?? end
            now = max(next, now)
        }
    }

    private mutating func step(_ index: Int) {
        switch streams[index].doing {
        case .deciding, .idle: decide(index)
        case .queued(let ticket, let scan, _):
            if let wait = queue.take(ticket, now: now) {
                streams[index].doing = .queued(ticket, scan, lookAt: now + wait)
            } else {
                requests.append(now)
                streams[index].doing = .asking(scan, until: now + .milliseconds(900))
                // When a ticket leaves the queue, the others try again.
                for other in streams.indices {
                    if case .queued(let ticket, let scan, _) = streams[other].doing {
                        streams[other].doing = .queued(ticket, scan, lookAt: now)
                    }
                }
            }
        case .asking(let scan, _): answer(index, scan)
        }
    }

    private mutating func decide(_ index: Int) {
        let stream = streams[index]
        if now > settledAfter {
            let lag = FetchPlan.sweepLag(of: stream.stream, stream.progress, date: date)
            streams[index].worstSweepLag = max(stream.worstSweepLag, lag)
            let cursor = stream.progress.cursor
            let read = max(cursor?.since ?? date, cursor?.scan?.greatest ?? cursor?.since ?? date)
            let behind = date.since(read)
            streams[index].worstPollLag = max(stream.worstPollLag, behind)
        }
        switch streams[index].plan.next(stream.progress, date: date, elapsed: now) {
        case .wait(let wait): streams[index].doing = .idle(until: now + wait)
        case .read(let scan, let claim):
            streams[index].doing = .queued(queue.enter(claim), scan, lookAt: now)
        case .abandon: streams[index].doing = .deciding
        }
    }

    private mutating func answer(_ index: Int, _ scan: Scan) {
        let (page, ids) = streams[index].tenant.page(scan, limit: streams[index].stream.pageLimit, date: date)
        streams[index].plan.notePage(scan, records: ids.count, bytes: ids.count * 1_000)
        for id in ids {
            if scan.reason == .poll {
                streams[index].polled[id, default: 0] += 1
            } else {
                streams[index].swept[id, default: 0] += 1
            }
        }
        streams[index].progress =
            ScanStep.commit(
                page,
                of: scan,
                stream: streams[index].stream,
                id: StreamID(Int64(index)),
                progress: streams[index].progress,
                fetched: date
            ).progress
        streams[index].doing = .deciding
    }
}
