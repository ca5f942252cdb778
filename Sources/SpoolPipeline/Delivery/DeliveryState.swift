import SpoolCore

/// All that a delivery loop remembers, as one value: lanes, batches under way, sizes, refusals, health.
struct DeliveryState: Sendable {
    var schedule = LaneSchedule()
    var inFlight = InFlight()
    var size: BatchSize
    var meter = RefusalMeter()
    var health = SinkHealth()
    /// Grows when the lanes are rewound: a batch that was read before is stale.
    private(set) var epoch = 0
    /// The highest `seq` sent in each lane, to tell a first sending from a repeated one.
    private var sentThrough: [Lane: Seq] = [:]
    private var attempts: [Lane: Int] = [:]
    /// True while the sink is held for refusing too much: two single events are tried.
    private(set) var probesRefusals = false

    init(limit: BatchLimit) { size = BatchSize(limit) }

    /// The most the next batch may hold.
    var limit: BatchLimit {
        probesRefusals ? BatchLimit(events: 1, bytes: size.limit.bytes) : size.limit
    }

    /// True when another batch may be sent now.
    var hasRoom: Bool {
        if probesRefusals { return inFlight.batches < 2 }
        return health.phase != .probing || inFlight.isEmpty
    }

    /// Notes a batch about to be sent.
    mutating func begin(_ batch: LaneBatch, at: Timestamp) -> Int {
        var attempt = 1
        if let first = batch.events.first, let through = sentThrough[batch.lane], first <= through {
            attempt = attempts[batch.lane, default: 1]
        } else {
            attempts[batch.lane] = 1
        }
        sentThrough[batch.lane] = max(sentThrough[batch.lane] ?? batch.through, batch.through)
        return inFlight.begin(batch, attempts: attempt, at: at)
    }

    /// What was under way must go again.
    mutating func rewind() {
        epoch += 1
        inFlight.dropAll()
        schedule.rewind()
        for lane in sentThrough.keys { attempts[lane, default: 1] += 1 }
    }

    /// A new session begins.
    mutating func beginSession() {
        rewindNumbers()
        health.begin()
    }

    /// Holds the sink for its refusals.
    mutating func holdForRefusals() { probesRefusals = true }

    /// A probe was accepted: everything goes on.
    mutating func refusalsOver() {
        guard probesRefusals else { return }
        probesRefusals = false
        meter.clear()
    }

    private mutating func rewindNumbers() { inFlight = InFlight() }
}
