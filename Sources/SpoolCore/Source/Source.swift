/// Where records come from.
///
/// It answers one page at a time and does nothing else: pace, retries, backoff and the cursor are the fetch
/// loop's.
package protocol Source: Sendable {
    /// Its name in the configuration.
    var name: String { get }
    /// The kind in the configuration: `defender-cloud-apps`.
    var type: String { get }
    /// What the request budget belongs to, the base URL: sources on one tenant share it.
    var budgetKey: String { get }
    /// Requests a minute over all its streams.
    var requestsPerMinute: Int { get }
    /// The pause between two polls of a stream.
    var pollInterval: Duration { get }
    /// The streams it was configured with.
    var streams: [SourceStream] { get }
    /// Set while its last answer was dated too far ahead of the local clock.
    var clockDoubt: ClockDoubt? { get }

    /// The source's own time, by the smallest request it has.
    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp

    /// Asks for the next page of a scan, with at most `limit` records if the source keeps to it.
    ///
    /// The body has come whole, under a cap, when this returns; its records are not read yet. One request, or
    /// several where the source's API needs them for one page.
    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer

    /// Asks for one record by its id, whatever the stream's filters say; nil when the source has none such.
    ///
    /// One request.
    func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event?

    /// Frees its connections.
    func shutDown() async
}

extension Source {
    /// For sources whose answers are taken as they are dated.
    package var clockDoubt: ClockDoubt? { nil }

    /// For sources whose API cannot name a record.
    package func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event? {
        throw SourceFault(.rejected, "the source \(name) cannot return a single record")
    }
}

/// One stream of a source as configured.
package struct SourceStream: Sendable, Equatable {
    package let name: StreamName
    package let kind: EventKind
    /// Where a first start begins.
    package let start: StreamStart
    /// How far back from now sweeps read again.
    package let lookBack: Duration
    /// The pause between two sweeps.
    package let sweepInterval: Duration
    /// True when a sweep begins at `swept_to` minus the look-back and has an open end (alerts, which appear
    /// late under their old `date`); false when it covers `swept_to` to now minus the look-back.
    package let sweepsBack: Bool
    /// Polls begin this much before `since`.
    package let overlap: Duration
    /// Pages ask for this many records, at most.
    package let pageLimit: Int
    /// Identifies the filters: `gaps` counts only windows read with today's.
    package let filterHash: String
    /// The name it had before (`renamed_from` on the source).
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

/// Where a stream's first start begins.
package enum StreamStart: Sendable, Equatable {
    /// This long before the source's own `Date`.
    case age(Duration)
    case time(Timestamp)

    /// The time it names, once the source has told its `Date`.
    package func timestamp(now: Timestamp) -> Timestamp {
        switch self {
        case .age(let age): now - age
        case .time(let time): time
        }
    }
}
