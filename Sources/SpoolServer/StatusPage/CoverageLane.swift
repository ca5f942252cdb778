import SpoolControl
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
    var readTo: Timestamp?
    /// What is not proved to be read, as the view `gaps` has it.
    var gaps: [Span]
    /// What was not read when its turn was, and has been since.
    var late: [Span] = []

    struct Span: Sendable, Equatable {
        /// Why it is not read.
        enum Cause: Sendable {
            /// Read, or passed over, without proof; it does not heal by itself.
            case unproved
            /// The stream is not read now.
            case open
            /// It is read again, and what was missed comes now.
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

    /// What a stretch of the lane is.
    enum Kind: String, Sendable {
        case twice, once, late, unread, gap
    }

    struct Stretch: Sendable, Equatable {
        var kind: Kind
        var from: Timestamp
        var to: Timestamp
    }

    /// The lane from left to right, gaps last: they lie over the rest.
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

    /// The lane in words.
    func summary(now: Timestamp) -> String {
        guard let readTo else { return "not read yet" }
        guard !gaps.isEmpty else { return "no gaps, read up to \(Wording.time(readTo, now: now))" }
        return Self.words(gaps)
    }

    /// How many gaps, and how long they are together.
    static func words(_ gaps: [Span]) -> String {
        let missing = gaps.reduce(Duration.zero) { $0 + $1.to.since($1.from) }
        return "\(Wording.count(gaps.count, "gap")), \(Wording.length(missing)) in total"
    }
}
