import SpoolCore
@testable import SpoolPipeline

/// Ready-made values, for tests that need only a part of them.
enum Sample {
    static let now = Timestamp(milliseconds: 1_764_000_000_000)
    static let activities = stream("activities", .activity)
    static let alerts = stream("alerts", .alert)

    static func stream(
        _ name: String,
        _ kind: EventKind,
        start: StreamStart = .age(.days(2)),
        lookBack: Duration? = nil,
        pageLimit: Int = 5_000,
        filterHash: String = "f1"
    ) -> SourceStream {
        SourceStream(
            name: StreamName(source: "contoso", stream: name),
            kind: kind,
            start: start,
            lookBack: lookBack ?? (kind == .alert ? .hours(48) : .minutes(10)),
            sweepInterval: kind == .alert ? .minutes(10) : .minutes(5),
            sweepsBack: kind == .alert,
            overlap: .seconds(5),
            pageLimit: pageLimit,
            filterHash: filterHash
        )
    }

    static func event(_ id: String, created: Timestamp = now, isReadable: Bool = true) -> Event {
        Event(externalID: id, kind: .activity, isReadable: isReadable, occurred: created, created: created)
    }

    static func page(_ events: [Event], date: Timestamp = now, next: String? = nil) -> Page {
        Page(
            body: [],
            records: events.map { PageRecord(raw: 0..<0, event: $0) },
            date: date,
            next: next
        )
    }

    static func batch(_ seqs: [Int64], stream: Int64 = 1, breaks: [Int] = []) -> EventBatch {
        var batch = EventBatch(stream: StreamID(stream))
        for (index, seq) in seqs.enumerated() {
            batch.append(event("\(seq)"), seq: Seq(seq), followsGap: breaks.contains(index))
        }
        return batch
    }

    static func lane(_ number: Int64) -> Lane { .live(SubscriptionID(number)) }

    static func laneBatch(_ seqs: [Int64], lane number: Int64 = 1, breaks: [Int] = []) -> LaneBatch {
        LaneBatch(
            lane: lane(number),
            events: batch(seqs, stream: number, breaks: breaks),
            through: Seq(seqs.last ?? 0)
        )
    }

    /// A settled batch of a live lane.
    static func settled(
        _ seqs: [Int64],
        _ runs: [OutcomeRun],
        lane number: Int64 = 1,
        bytes: Int = 0,
        attempts: Int = 1
    ) -> SettledLane {
        settled(laneBatch(seqs, lane: number), runs, bytes: bytes, attempts: attempts)
    }

    static func settled(_ batch: LaneBatch, _ runs: [OutcomeRun], bytes: Int = 0, attempts: Int = 1)
        -> SettledLane
    {
        var inFlight = InFlight()
        let number = inFlight.begin(batch, attempts: attempts, at: now)
        guard let lane = inFlight.settle(SettledBatch(batch: number, runs: runs, bytes: bytes)) else {
            preconditionFailure("a batch that was just started must be the head")
        }
        return lane
    }

    static func subscription(_ id: Int64, watermark: Int64 = 0) -> Subscription {
        Subscription(
            id: SubscriptionID(id),
            stream: StreamID(id),
            name: StreamName(source: "contoso", stream: "s\(id)"),
            watermark: Seq(watermark)
        )
    }

    static func replay(
        _ id: Int64,
        last: [Int64],
        position: Int64 = 0,
        state: Replay.State = .running,
        rate: Int? = nil
    ) -> Replay {
        Replay(
            id: ReplayID(id),
            sinkID: SinkID(1),
            sink: SinkName("siem"),
            request: ReplayRequest(sink: SinkName("siem"), from: now - .days(1), to: now, rate: rate),
            state: state,
            streams: last.enumerated().map { index, last in
                Replay.Stream(
                    stream: StreamID(Int64(index + 1)),
                    name: StreamName(source: "contoso", stream: "s\(index + 1)"),
                    last: Seq(last),
                    position: Seq(position)
                )
            },
            total: 0,
            sent: 0,
            created: now
        )
    }
}

extension OutcomeRun {
    static func delivered(_ count: Int) -> OutcomeRun {
        OutcomeRun(count: count, outcome: .delivered(.acknowledged))
    }

    static func filtered(_ count: Int) -> OutcomeRun { OutcomeRun(count: count, outcome: .filtered) }

    static func retry(_ count: Int) -> OutcomeRun { OutcomeRun(count: count, outcome: .retry) }

    /// Not sent by spool.
    static func unsent(_ count: Int) -> OutcomeRun {
        OutcomeRun(
            count: count,
            outcome: .refused(Refusal(reason: "too-large", detail: "too long", isLocal: true))
        )
    }

    static func refused(_ count: Int) -> OutcomeRun {
        OutcomeRun(count: count, outcome: .refused(Refusal(reason: "rejected", detail: "bad field")))
    }
}
