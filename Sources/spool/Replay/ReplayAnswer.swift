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

/// An estimate as JSON: only the rate that applies, and the duration that follows from it.
struct EstimateObject: Encodable {
    private var estimate: ReplayEstimate
    private let time: ReplayTime

    init(_ estimate: ReplayEstimate, _ time: ReplayTime) {
        self.estimate = estimate
        self.estimate.sinkRate = nil
        self.estimate.seenRate = nil
        self.time = time
    }

    func encode(to encoder: any Encoder) throws {
        try estimate.encode(to: encoder)
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encodeIfPresent(time.seconds, forKey: .seconds)
        try keys.encodeIfPresent(time.rate, forKey: .perSecond)
        try keys.encodeIfPresent(time.basis, forKey: .rateBasis)
    }

    private enum CodingKeys: String, CodingKey {
        case seconds
        case perSecond = "per_second"
        case rateBasis = "rate_basis"
    }
}
