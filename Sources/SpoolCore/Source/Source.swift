/// A source of records.
///
/// It only returns one page at a time. The fetch loop is responsible for pacing, retries, backoff and the
/// cursor.
package protocol Source: Sendable {
    /// Its name in the configuration.
    var name: String { get }
    /// The type in the configuration: `defender-cloud-apps`.
    var type: String { get }
    /// The key of the request budget, the base URL: sources on one tenant share a budget.
    var budgetKey: String { get }
    /// Requests per minute over all its streams.
    var requestsPerMinute: Int { get }
    /// The interval between two polls of a stream.
    var pollInterval: Duration { get }
    /// The configured streams.
    var streams: [SourceStream] { get }
    /// Set while its last answer was dated too far ahead of the local clock.
    var clockDoubt: ClockDoubt? { get }

    /// The source's own time, from its smallest request.
    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp

    /// Requests the next page of a scan, with at most `limit` records if the source observes it.
    ///
    /// The body has arrived completely, within a size limit, when this returns; its records are not parsed
    /// yet. One request, or several if the source's API needs them for one page.
    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer

    /// Requests one record by its id, regardless of the stream's filters; nil when the source does not have
    /// it.
    ///
    /// One request.
    func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event?

    /// Closes its connections.
    func shutDown() async
}

extension Source {
    /// For sources whose `Date` is used unchanged.
    package var clockDoubt: ClockDoubt? { nil }

    /// For sources whose API cannot return a single record.
    package func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event? {
        throw SourceFault(.rejected, "the source \(name) cannot return a single record")
    }
}

/// One stream of a source as configured.
package struct SourceStream: Sendable, Equatable {
    package let name: StreamName
    package let kind: EventKind
    /// The start of the stream at the first start.
    package let start: StreamStart
    /// How far back from now sweeps read.
    package let lookBack: Duration
    /// The interval between two sweeps.
    package let sweepInterval: Duration
    /// True when a sweep starts at `swept_to` minus the look-back and has an open end (alerts, which appear
    /// late under their old `date`); false when it covers `swept_to` to now minus the look-back.
    package let sweepsBack: Bool
    /// Polls start this much before `since`.
    package let overlap: Duration
    /// The maximum number of records per page.
    package let pageLimit: Int
    /// Identifies the filters: `gaps` counts only windows that were read with the current filters.
    package let filterHash: String
    /// Its former name (`renamed_from` of the source).
    package let renamedFrom: StreamName?

    package init(
        name: StreamName,
        kind: EventKind,
        start: StreamStart,
        lookBack: Duration,
        sweepInterval: Duration,
        sweepsBack: Bool,
        overlap: Duration,
        pageLimit: Int,
        filterHash: String,
        renamedFrom: StreamName? = nil
    ) {
        self.name = name
        self.kind = kind
        self.start = start
        self.lookBack = lookBack
        self.sweepInterval = sweepInterval
        self.sweepsBack = sweepsBack
        self.overlap = overlap
        self.pageLimit = pageLimit
        self.filterHash = filterHash
        self.renamedFrom = renamedFrom
    }
}

/// The start of a stream at its first start.
package enum StreamStart: Sendable, Equatable {
    /// This long before the source's own `Date`.
    case age(Duration)
    case time(Timestamp)

    /// The start as a time, given the source's `Date`.
    package func timestamp(now: Timestamp) -> Timestamp {
        switch self {
        case .age(let age): now - age
        case .time(let time): time
        }
    }
}
