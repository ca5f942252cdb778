import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon

extension ReplayBasis: ExpressibleByArgument {}

/// `spool replay --from … --to …`.
struct ReplayStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Makes a replay of a window."
    )

    @OptionGroup var config: ConfigurationOption

    @Option(help: "Beginning of the window, inclusive.")
    var from: String

    @Option(help: "End of the window, exclusive.")
    var to: String

    @Option(help: "The sink to send to; left out, every sink.")
    var sink: String?

    @Option(
        help: ArgumentHelp(
            "A destination of this replay alone: tcp://host:port, tls://host:port or udp://host:port.",
            discussion: """
                Options of a syslog sink follow as in tls://host:6514?format=json&framing=octet-counting&ca_file=ca.pem. \
                Every stream of the spool but its own notifications goes there, unless --stream says which.
                """,
            valueName: "url"
        )
    )
    var destination: String?

    @Option(
        help: """
            A stream, as source/stream, or all of a name: activities, alerts. May be repeated; left out, all that \
            the sink takes, but the spool's own notifications: those only as spool/notifications.
            """
    )
    var stream: [String] = []

    @Option(help: "Which time the window looks at: when events happened, or when the portal saved them.")
    var basis: ReplayBasis = .occurred

    @Flag(help: "Leave out what the ledger shows the sink to have.")
    var missingOnly = false

    @Flag(help: "Read the window from the source again first; what was never seen goes live to every sink.")
    var refetch = false

    @Option(help: "Events per second at most, 1 to 1,000,000; left out, half of what the sink takes.")
    var rate: Int?

    @Flag(help: "Say what would be sent, and stop there.")
    var dryRun = false

    @Flag(help: "Stay until the replay has ended, and show its progress.")
    var wait = false

    @Flag(help: "Do not ask before sending.")
    var yes = false

    @Flag(help: "As JSON, at the end; keys stay compatible.")
    var json = false

    func validate() throws {
        if let rate { try NumberOption.check("--rate", rate, 1...1_000_000) }
        if dryRun, wait { throw ValidationError("--dry-run and --wait exclude each other: nothing is sent") }
    }

    func run() async throws {
        let composition = try config.composition()
        let requests = try self.requests(composition)
        let addresses = composition.addresses
        try await ReplayFailure.translating {
            try await ReplayDesk.use(composition, command: "spool replay") {
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
            throw CommandFailure(.wrongUse, "--sink and --destination: a replay has one or the other")
        }
        guard !missingOnly else {
            throw CommandFailure(
                .wrongUse,
                "--missing-only: nothing is known of what \(destination) already has; leave it out"
            )
        }
        return [try ReplayTargets(composition, streams: stream).destination(destination)]
    }

    private func run(
        _ desk: ReplayDesk,
        _ requests: [ReplayRequest],
        _ addresses: [SinkName: String],
        _ targets: ReplayTargets
    ) async throws {
        let saying = Saying(isJSON: json)
        var answer = try answer(requests)
        var wanted: [(index: Int, request: ReplayRequest)] = []
        for request in requests {
            let estimate = try await desk.estimate(request)
            let address = request.destination ?? addresses[request.sink] ?? ""
            let isBesideLive = request.destination == nil && !desk.isDirect
            let text = EstimateText(
                request,
                estimate,
                address: address,
                isBesideLive: isBesideLive,
                leavesOut: targets.leavesOutNotifications(request)
            )
            saying.line(text.text)
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
        guard isWanted, yes || !Output.isInteractive || saying.confirm("Send them?") else {
            return try tell(answer)
        }
        var replays: [Replay] = []
        for (index, request) in wanted {
            let replay = try await start(request, desk, saying)
            answer.parts[index].replay = ReplayStatus(replay)
            replays.append(replay)
        }
        try tell(answer)
        if wait || desk.isDirect { try ReplayEnd.check(replays) }
    }

    /// Makes one replay; returns it as it is then, or, waited for, at its end.
    private func start(_ request: ReplayRequest, _ desk: ReplayDesk, _ saying: Saying) async throws -> Replay
    {
        let replay = try await desk.create(request)
        saying.line(
            "replay \(replay.id) to \(request.destination ?? replay.sink.text): "
                + (request.refetch
                    ? "reads the window from the source first" : Count.text(replay.total, "event"))
        )
        return try await ReplayWatch.attend(replay, at: desk, saying, waits: wait)
    }

    /// The requests' common part; the sinks' parts follow.
    private func answer(_ requests: [ReplayRequest]) throws -> ReplayAnswer {
        guard let request = requests.first else {
            throw CommandFailure(.wrongUse, "no sink is configured; there is nothing to send to")
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

/// Gives the errors of the socket and of the spool their exit codes.
enum ReplayFailure {
    static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await CommandFailure.translating(body)
        } catch let fault as ControlFault {
            throw CommandFailure(fault.exitStatus, "spool: \(fault)")
        }
    }
}
