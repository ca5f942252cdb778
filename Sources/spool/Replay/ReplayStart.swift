import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

extension ReplayBasis: ExpressibleByArgument {}

/// `spool replay --from … --to …`.
struct ReplayStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Creates a replay for a time window."
    )

    @OptionGroup var config: ConfigurationOption

    @Option(help: "Start of the window, inclusive.")
    var from: String

    @Option(help: "End of the window, exclusive.")
    var to: String

    @Option(help: "Sink to send to (default: every sink).")
    var sink: String?

    @Option(
        help: ArgumentHelp(
            "A one-off destination for this replay: tcp://host:port, tls://host:port or udp://host:port.",
            discussion: """
                Options of a syslog sink are appended, as in \
                tls://host:6514?format=json&framing=octet-counting&ca_file=ca.pem. The destination receives \
                every stream except the spool's own notifications, unless --stream selects streams.
                """,
            valueName: "url"
        )
    )
    var destination: String?

    @Option(
        help: """
            Stream to send: source/stream, or activities or alerts for all sources; repeatable. Default: all \
            streams that the sink receives, except spool/notifications.
            """
    )
    var stream: [String] = []

    @Option(help: "Timestamp the window applies to: when the event occurred, or when the portal recorded it.")
    var basis: ReplayBasis = .occurred

    @Flag(help: "Skip events the ledger shows as delivered.")
    var missingOnly = false

    @Flag(help: "Read the window from the source again first; new records are delivered to every sink.")
    var refetch = false

    @Option(help: "Maximum events per second, 1 to 1,000,000 (default: half the sink's measured rate).")
    var rate: Int?

    @Flag(help: "Print what would be sent, without sending it.")
    var dryRun = false

    @Flag(help: "Wait for the replay to finish and show progress.")
    var wait = false

    @Flag(help: "Send without asking for confirmation.")
    var yes = false

    @Flag(help: "Print the result as JSON at the end (stable keys).")
    var json = false

    func validate() throws {
        if let rate { try NumberOption.check("--rate", rate, 1...1_000_000) }
        if dryRun, wait { throw ValidationError("--dry-run and --wait are mutually exclusive") }
    }

    func run() async throws {
        let composition = try config.composition()
        let requests = try self.requests(composition)
        let addresses = composition.addresses
        try await CommandFailure.translating {
            try await SpoolSession.use(composition, command: "spool replay") {
                try await run($0, requests, addresses, ReplayTargets(composition, streams: stream))
            }
        }
    }

    private func requests(_ composition: Composition) throws -> [ReplayRequest] {
        let now = SystemTime.now()
        let start = try MomentText.option("--from", from, now: now)
        let end = try MomentText.option("--to", to, now: now)
        guard start < end else {
            throw CommandFailure(.wrongUse, "the window is empty: --from \(start) is not before --to \(end)")
        }
        return try targets(composition).map { target in
            ReplayRequest(
                sink: target.sink,
                destination: target.destination,
                from: start,
                to: end,
                basis: basis,
                streams: target.streams,
                missingOnly: missingOnly,
                rate: rate,
                refetch: refetch
            )
        }
    }

    private func targets(_ composition: Composition) throws -> [ReplayTargets.Target] {
        guard let destination else {
            return try ReplayTargets(composition, streams: stream).sinks(named: sink)
        }
        guard sink == nil else {
            throw CommandFailure(.wrongUse, "--sink and --destination are mutually exclusive")
        }
        guard !missingOnly else {
            throw CommandFailure(
                .wrongUse,
                "--missing-only cannot be used with --destination: "
                    + "it is unknown what the destination already has"
            )
        }
        return [try ReplayTargets(composition, streams: stream).destination(destination)]
    }

    private func run(
        _ session: SpoolSession,
        _ requests: [ReplayRequest],
        _ addresses: [SinkName: String],
        _ targets: ReplayTargets
    ) async throws {
        let messages = CommandMessages(isJSON: json)
        var answer = try answer(requests)
        var wanted: [(index: Int, request: ReplayRequest)] = []
        for request in requests {
            let estimate = try await session.estimate(request)
            let address = request.destination ?? addresses[request.sink] ?? ""
            let isBesideLive = request.destination == nil && !session.isStandalone
            let text = EstimateText(
                request,
                estimate,
                address: address,
                isBesideLive: isBesideLive,
                leavesOut: targets.leavesOutNotifications(request)
            )
            messages.line(text.text)
            if estimate.toSend > 0 || request.refetch { wanted.append((answer.parts.count, request)) }
            let time = ReplayTime(request, estimate, isBesideLive: isBesideLive)
            answer.parts.append(
                ReplayAnswer.Part(
                    sink: request.sink.text,
                    destination: request.destination,
                    estimate: EstimateObject(estimate, time)
                )
            )
        }
        let isWanted = !dryRun && !wanted.isEmpty
        guard isWanted else { return try tell(answer) }
        if !yes, Output.isInteractive, try await !messages.confirm("Send them?", at: session) {
            return try tell(answer)
        }
        var replays: [Replay] = []
        for (index, request) in wanted {
            let replay = try await start(request, session, messages)
            answer.parts[index].replay = ReplayStatus(replay)
            replays.append(replay)
        }
        try tell(answer)
        if wait || session.isStandalone { try ReplayEnd.check(replays) }
    }

    /// Creates one replay and returns it: as created, or, with --wait, after it has ended.
    private func start(_ request: ReplayRequest, _ session: SpoolSession, _ messages: CommandMessages)
        async throws
        -> Replay
    {
        let replay = try await session.create(request)
        messages.line(
            "replay \(replay.id) to \(request.destination ?? replay.sink.text): "
                + (request.refetch
                    ? "reading the window from the source first" : Count.text(replay.total, "event"))
        )
        return try await ReplayWatch.attend(replay, at: session, messages, waits: wait)
    }

    /// The part of the answer that the requests share; the parts of the sinks follow.
    private func answer(_ requests: [ReplayRequest]) throws -> ReplayAnswer {
        guard let request = requests.first else {
            throw CommandFailure(.wrongUse, "no sink is configured, so there is nothing to send to")
        }
        return ReplayAnswer(
            isDryRun: dryRun,
            from: request.from,
            to: request.to,
            basis: basis,
            missingOnly: missingOnly,
            refetch: refetch
        )
    }

    private func tell(_ answer: ReplayAnswer) throws {
        if json { Output.line(try JSONText.of(answer)) }
    }
}

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
