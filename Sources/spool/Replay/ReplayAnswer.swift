import SpoolControl
import SpoolCore

/// The output of `spool replay --json`; its keys are stable.
struct ReplayAnswer: Encodable {
    /// The part of one sink or destination.
    struct Part: Encodable {
        let sink: String
        let destination: String?
        let estimate: EstimateObject
        /// Nil if none was created: in a dry run, or if there is nothing to send.
        var replay: ReplayStatus?
    }

    let isDryRun: Bool
    let from: Timestamp
    let to: Timestamp
    let basis: ReplayBasis
    let missingOnly: Bool
    let refetch: Bool
    var parts: [Part] = []

    enum CodingKeys: String, CodingKey {
        case basis, refetch
        case isDryRun = "dry_run"
        case from = "from_ms"
        case to = "to_ms"
        case missingOnly = "missing_only"
        case parts = "sinks"
    }
}

/// An estimate as JSON.
struct EstimateObject: Encodable {
    struct Holding: Encodable {
        let stream: String
        let events: Int
        let oldest: Timestamp?
        let newest: Timestamp?
        let start: Timestamp?
        let prunedTo: Timestamp?
        let readTo: Timestamp?

        enum CodingKeys: String, CodingKey {
            case stream, events
            case oldest = "oldest_ms"
            case newest = "newest_ms"
            case start = "start_ms"
            case prunedTo = "pruned_to_ms"
            case readTo = "read_to_ms"
        }
    }

    let inWindow: Int
    let toSend: Int
    let acknowledged: Int
    let kernel: Int
    let sent: Int
    let doubtful: Int
    let deadLetters: Int
    let stillToComeLive: Int
    let seconds: Int?
    let perSecond: Double?
    let rateBasis: ReplayTime.Basis?
    let holdings: [Holding]

    enum CodingKeys: String, CodingKey {
        case acknowledged, kernel, sent, doubtful, seconds, holdings
        case inWindow = "in_window"
        case toSend = "to_send"
        case deadLetters = "dead_letters"
        case stillToComeLive = "still_to_come_live"
        case perSecond = "per_second"
        case rateBasis = "rate_basis"
    }

    init(_ estimate: ReplayEstimate, _ time: ReplayTime) {
        inWindow = estimate.inWindow
        toSend = estimate.toSend
        acknowledged = estimate.acknowledged
        kernel = estimate.kernel
        sent = estimate.sent
        doubtful = estimate.doubtful
        deadLetters = estimate.deadLetters
        stillToComeLive = estimate.stillToComeLive
        seconds = time.seconds
        perSecond = time.rate
        rateBasis = time.basis
        holdings = estimate.holdings.map {
            Holding(
                stream: $0.name.description,
                events: $0.events,
                oldest: $0.oldest,
                newest: $0.newest,
                start: $0.start,
                prunedTo: $0.prunedTo,
                readTo: $0.readTo
            )
        }
    }
}
