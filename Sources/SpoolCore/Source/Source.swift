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

/// A page as it arrived, complete and split into records, but not parsed.
package protocol SourceAnswer: Sendable {
    /// A key for each record in the answer's order, derived from its content: the same whenever the record
    /// arrives.
    var keys: [String] { get }

    /// Parses one record and discards the result: a record that crashes `page` crashes here, alone.
    func rehearse(_ index: Int)

    /// Parses the page; the records with these indices are not parsed and are kept as unreadable ones.
    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page
}

extension Source {
    /// Reads the next page of a scan and parses all its records.
    package func page(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault) -> Page {
        try await answer(of: stream, scan: scan, limit: limit).page(leaving: [])
    }
}

/// Why a source returned no page.
package struct SourceFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// How the fetch loop has to react.
    package enum Kind: Sendable, Equatable {
        /// 429: wait at least this long; nil when the source gave no time.
        case throttled(Duration?)
        /// 401 after a refresh: "invalid token"; probed slowly.
        case invalidToken
        /// 403: the token lacks a permission for this stream; probed slowly.
        case forbidden
        /// 400: the source refuses the configured filters; probed slowly.
        case rejected
        /// The configured proxy refuses, does not resolve or requires other credentials.
        case invalidProxy
        /// Name, connection or certificate: backoff.
        case unreachable
        /// Timeout, truncation or reset during an answer: backoff, then smaller pages.
        case incomplete
        /// The body exceeds the limit: smaller pages.
        case tooLarge
        /// An answer that is not the API's (HTML, not JSON, the same page again), or 5xx: backoff.
        case nonsense
        /// The source cannot continue this scan: the scan restarts.
        case scanLost
        /// An empty page that claims more data but gives no continuation.
        ///
        /// The content of the window is unknown, and its scan is incomplete. Backoff of that scan only.
        case unended
    }

    package let kind: Kind
    /// What happened, to what, and what to do; no secret and no event content.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// The times of a source's answers are too far ahead of the local clock, so that one of them is wrong.
package struct ClockDoubt: Sendable, Equatable, CustomStringConvertible {
    /// The source's time in its last answer.
    package let claimed: Timestamp
    /// True when records, or the previous time, confirm the source's time: then the local clock is wrong.
    package let isBelieved: Bool
    /// What differs, and what to do; the text does not change while the doubt lasts.
    package let description: String

    package init(claimed: Timestamp, isBelieved: Bool, description: String) {
        self.claimed = claimed
        self.isBelieved = isBelieved
        self.description = description
    }
}

/// A source in front of another one: whatever it does not implement itself is forwarded to `base`.
package protocol ForwardingSource: Source {
    var base: any Source { get }
}

extension ForwardingSource {
    package var name: String { base.name }
    package var type: String { base.type }
    package var budgetKey: String { base.budgetKey }
    package var requestsPerMinute: Int { base.requestsPerMinute }
    package var pollInterval: Duration { base.pollInterval }
    package var streams: [SourceStream] { base.streams }
    package var clockDoubt: ClockDoubt? { base.clockDoubt }

    package func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        try await base.date(for: stream)
    }

    package func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        try await base.answer(of: stream, scan: scan, limit: limit)
    }

    package func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event? {
        try await base.record(id, of: stream)
    }

    package func shutDown() async { await base.shutDown() }
}

/// An answer in front of another one: whatever it does not implement itself is forwarded to `base`.
package protocol ForwardingAnswer: SourceAnswer {
    var base: any SourceAnswer { get }
}

extension ForwardingAnswer {
    package var keys: [String] { base.keys }

    package func rehearse(_ index: Int) { base.rehearse(index) }

    package func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        try base.page(leaving: unread)
    }
}
