import SpoolCore

/// By which clocks one run of retention counts.
///
/// Each source's own for its streams and for who has left them, so that a wrong one takes nothing of another source;
/// the local one for what was noted by it: replays, notifications.
struct PruneTimes: Sendable {
    let streams: [Departures.Stream]
    /// `retention.age`.
    let age: Duration
    /// The local clock.
    let wall: Timestamp
    private let told: [StreamID: SourceTime]
    private let bySource: [String: Timestamp]
    private let earliest: Timestamp

    /// Nil when no source has told its time since the start.
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

    /// What each stream's source has told.
    var dates: [StreamID: Timestamp] { told.mapValues(\.date) }

    /// The time of what belongs to a stream; nil while its source has not told it.
    ///
    /// One that has left goes by its source, if that is still asked, else by the earliest time that a source has told.
    func time(of stream: Departures.Stream) -> SourceTime? {
        if let time = told[stream.id] { return time }
        guard !stream.hasSource else { return nil }
        let date = stream.isOwn ? wall : bySource[stream.source] ?? earliest
        return SourceTime(date: date, sweepsBack: Retention.returning)
    }

    /// Goes through a stream's events below a time; nil while the stream has none to count by.
    func scan(_ stream: Departures.Stream, cutoff: (SourceTime) -> Timestamp) -> PruneScan? {
        guard let time = time(of: stream) else { return nil }
        return PruneScan(
            stream.id,
            cutoff: cutoff(time),
            sweepsBack: time.sweepsBack,
            leftBefore: time.date - age,
            pausedBefore: wall - Retention.patience,
            now: wall
        )
    }
}
