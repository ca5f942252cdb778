import SpoolCore
import SpoolStore

/// How much of a stream's time has been read, and how often.
struct CoverageLane: Sendable, Equatable {
    var name: String
    /// Where the stream begins, or what retention has taken.
    var start: Timestamp?
    /// Up to here everything has been read a second time.
    var sweptTo: Timestamp?
    /// Up to here everything has been read once.
    var since: Timestamp?
    var gaps: [UncoveredTime]

    init(name: String, start: Timestamp?, sweptTo: Timestamp?, since: Timestamp?, gaps: [UncoveredTime]) {
        self.name = name
        self.start = start
        self.sweptTo = sweptTo
        self.since = since
        self.gaps = gaps
    }

    init(_ stream: SpoolStatus.Stream, gaps: [UncoveredTime], now: Timestamp) {
        name = stream.name.description
        start = [stream.start, stream.prunedTo].compactMap { $0 }.max()
        since = stream.since.map { min($0, now) }
        sweptTo = [stream.sweptTo, since].compactMap { $0 }.min()
        if stream.sweptTo == nil { sweptTo = nil }
        self.gaps = gaps
    }

    /// What a stretch of the lane is.
    enum Kind: String, Sendable {
        case twice, once, unread, gap
    }

    struct Stretch: Sendable, Equatable {
        var kind: Kind
        var from: Timestamp
        var to: Timestamp
    }

    /// The lane from left to right, gaps last: they lie over the rest.
    func stretches(from: Timestamp, to now: Timestamp) -> [Stretch] {
        guard let start, let since else { return [] }
        let edges = [start, max(start, sweptTo ?? start), since, now]
        let kinds: [Kind] = [.twice, .once, .unread]
        let read = zip(kinds, zip(edges, edges.dropFirst())).map { Stretch(kind: $0, from: $1.0, to: $1.1) }
        let holes = gaps.map { Stretch(kind: .gap, from: $0.from, to: $0.to) }
        return (read + holes).compactMap { stretch in
            let (first, last) = (max(stretch.from, from), min(stretch.to, now))
            return first < last ? Stretch(kind: stretch.kind, from: first, to: last) : nil
        }
    }

    /// The lane in words.
    func summary(now: Timestamp) -> String {
        guard let since else { return "not read yet" }
        guard !gaps.isEmpty else { return "no gaps, read up to \(Wording.time(since, now: now))" }
        let missing = gaps.reduce(Duration.zero) { $0 + $1.length }
        return "\(Wording.count(gaps.count, "gap")), \(Wording.length(missing)) in all"
    }
}
