import SpoolControl
import SpoolCore
import SpoolStore

/// Which parts of a stream's time have been read, and how often.
struct CoverageLane: Sendable, Equatable {
    var name: String
    /// Start of the stream, or end of what retention has deleted.
    var start: Timestamp?
    /// Everything before this time has been re-read.
    var sweptTo: Timestamp?
    /// Everything before this time has been read once.
    var readTo: Timestamp?
    /// Times not proved to have been read, as in the view `gaps`.
    var gaps: [Span]
    /// Times that were not read on schedule, but have been read since.
    var late: [Span] = []

    struct Span: Sendable, Equatable {
        /// Why the span is not proved to have been read.
        enum Cause: Sendable {
            /// Read or skipped without proof; it does not heal by itself.
            case unproved
            /// The stream is currently not read.
            case open
            /// The stream is read again, and the missed time is being read now.
            case healing
        }

        var from: Timestamp
        var to: Timestamp
        var cause = Cause.unproved
    }

    init(name: String, start: Timestamp?, sweptTo: Timestamp?, readTo: Timestamp?, gaps: [Span]) {
        self.name = name
        self.start = start
        self.sweptTo = sweptTo
        self.readTo = readTo
        self.gaps = gaps
    }

    init(_ stream: SpoolStatus.Stream, gaps: [GapStatus], now: Timestamp) {
        name = stream.name.description
        start = [stream.start, stream.prunedTo].compactMap { $0 }.max()
        readTo = stream.readTo.map { min($0, now) }
        sweptTo = [stream.sweptTo, readTo].compactMap { $0 }.min()
        if stream.sweptTo == nil { sweptTo = nil }
        self.gaps = gaps.filter { $0.kind != .lost && $0.healed == nil }.map { gap in
            let cause: Span.Cause = gap.kind == .unproved ? .unproved : gap.to == nil ? .open : .healing
            return Span(from: gap.from, to: gap.to ?? max(now, gap.from), cause: cause)
        }
        late = gaps.filter { $0.kind == .unread && $0.healed != nil }
            .map { Span(from: $0.from, to: $0.to ?? now) }
    }

    /// The kind of a part of the lane.
    enum Kind: String, Sendable {
        case twice, once, late, unread, gap
    }

    struct Stretch: Sendable, Equatable {
        var kind: Kind
        var from: Timestamp
        var to: Timestamp
    }

    /// The parts of the lane from left to right; gaps come last, since they are drawn over the rest.
    func stretches(from: Timestamp, to now: Timestamp) -> [Stretch] {
        guard let start, let readTo else { return [] }
        let edges = [start, max(start, sweptTo ?? start), readTo, now]
        let kinds: [Kind] = [.twice, .once, .unread]
        let read = zip(kinds, zip(edges, edges.dropFirst())).map { Stretch(kind: $0, from: $1.0, to: $1.1) }
        let holes =
            late.map { Stretch(kind: .late, from: $0.from, to: $0.to) }
            + gaps.map { Stretch(kind: .gap, from: $0.from, to: $0.to) }
        return (read + holes).compactMap { stretch in
            let (first, last) = (max(stretch.from, from), min(stretch.to, now))
            return first < last ? Stretch(kind: stretch.kind, from: first, to: last) : nil
        }
    }

    /// The lane as text.
    func summary(now: Timestamp) -> String {
        guard let readTo else { return "not read yet" }
        guard !gaps.isEmpty else { return "no gaps, read up to \(Wording.time(readTo, now: now))" }
        return Self.words(gaps)
    }

    /// The number of gaps, and their total length.
    static func words(_ gaps: [Span]) -> String {
        let missing = gaps.reduce(Duration.zero) { $0 + $1.to.since($1.from) }
        return "\(Wording.count(gaps.count, "gap")), \(Wording.length(missing)) in total"
    }
}
