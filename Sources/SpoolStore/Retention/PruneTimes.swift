import SpoolCore

/// The clocks that one run of retention uses.
///
/// Each source's clock applies to its streams and to sinks that no longer subscribe to them, so that a wrong
/// clock deletes nothing of another source. The local clock applies to what is stamped with it: replays and
/// notifications.
struct PruneTimes: Sendable {
    let streams: [Departures.Stream]
    /// `retention.age`.
    let age: Duration
    /// The local clock.
    let wall: Timestamp
    private let told: [StreamID: SourceTime]
    private let bySource: [String: Timestamp]
    private let earliest: Timestamp

    /// Nil when no source has reported its time since the start.
    init?(_ streams: [Departures.Stream], told: [StreamID: SourceTime], age: Duration, wall: Timestamp) {
        guard let earliest = told.values.map(\.date).min() else { return nil }
        self.streams = streams
        self.age = age
        self.wall = wall
        self.told = told
        self.earliest = earliest
        let dates = streams.compactMap { stream in told[stream.id].map { (stream.source, $0.date) } }
        bySource = Dictionary(dates, uniquingKeysWith: min)
    }

    /// The time that each stream's source has reported.
    var dates: [StreamID: Timestamp] { told.mapValues(\.date) }

    /// The time that applies to a stream; nil while its source has not reported it.
    ///
    /// For a stream that is no longer configured, this is the time of its source if other streams are still
    /// fetched from it, otherwise the earliest time that any source has reported.
    func time(of stream: Departures.Stream) -> SourceTime? {
        if let time = told[stream.id] { return time }
        guard !stream.hasSource else { return nil }
        // The local clock's time, unless that clock was set years ahead: all notifications would expire
        // immediately.
        let date = stream.isOwn ? min(wall, earliest) : bySource[stream.source] ?? earliest
        return SourceTime(date: date, sweepsBack: Retention.returning)
    }

    /// A scan of a stream's events before a cutoff; nil while there is no time that applies to the stream.
    func scan(_ stream: Departures.Stream, cutoff: (SourceTime) -> Timestamp) -> PruneScan? {
        guard let time = time(of: stream) else { return nil }
        return PruneScan(
            stream.id,
            cutoff: cutoff(time),
            sweepsBack: time.sweepsBack,
            leftBefore: time.date - age,
            pausedBefore: wall - Retention.gracePeriod,
            now: wall
        )
    }
}
