import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon

extension ReplayBasis: ExpressibleByArgument {}

/// `spool replay --from … --to …`.
struct ReplayStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Makes a replay of a window (the default)."
    )

    @OptionGroup var config: ConfigurationOption

    @Option(help: "Beginning of the window, inclusive.")
    var from: String

    @Option(help: "End of the window, exclusive.")
    var to: String

    @Option(help: "The sink to send to; left out, every sink.")
    var sink: String?

    @Option(help: "A stream, as source/stream; may be repeated; left out, all that the sink takes.")
    var stream: [String] = []

    @Option(help: "Which time the window looks at: when events happened, or when the portal saved them.")
    var basis: ReplayBasis = .occurred

    @Flag(help: "Leave out what the ledger shows the sink to have.")
    var missingOnly = false

    @Flag(help: "Say what would be sent, and stop there.")
    var dryRun = false

    @Flag(help: "Stay until the replay has ended, and show its progress.")
    var wait = false

    @Flag(help: "Do not ask before sending.")
    var yes = false

    func run() async throws {
        let composition = try config.composition()
        let requests = try self.requests(composition)
        try await ReplayFailure.translating {
            try await ReplayDesk.use(composition, command: "spool replay") { try await run($0, requests) }
        }
    }

    private func requests(_ composition: Composition) throws -> [ReplayRequest] {
        let now = SystemTime.now()
        guard let start = MomentText.timestamp(from, now: now) else { throw Self.unreadable("--from", from) }
        guard let end = MomentText.timestamp(to, now: now) else { throw Self.unreadable("--to", to) }
        guard start < end else {
            throw CommandFailure(.wrongUse, "the window is empty: --from \(start) is not before --to \(end)")
        }
        let names = try stream.map { text in
            guard let name = StreamName(text) else {
                throw CommandFailure(.wrongUse, "--stream \(text): a stream is written source/stream")
            }
            return name
        }
        let known = composition.sinkNames
        if let sink, !known.contains(SinkName(sink)) {
            let hint = Spelling.nearest(to: sink, among: known.map(\.text)).map { "; did you mean \($0)?" }
            throw CommandFailure(
                .wrongUse,
                "there is no sink \(sink)"
                    + (hint ?? "; there are \(known.map(\.text).joined(separator: ", "))")
            )
        }
        return (sink.map { [SinkName($0)] } ?? known).map {
            ReplayRequest(
                sink: $0,
                from: start,
                to: end,
                basis: basis,
                streams: names.isEmpty ? nil : names,
                missingOnly: missingOnly
            )
        }
    }

    private func run(_ desk: ReplayDesk, _ requests: [ReplayRequest]) async throws {
        var wanted: [ReplayRequest] = []
        for request in requests {
            let estimate = try await desk.estimate(request)
            Output.line(EstimateText(request, estimate).text)
            if estimate.toSend > 0 { wanted.append(request) }
        }
        if dryRun || wanted.isEmpty { return }
        guard yes || !Output.isInteractive || Prompt.confirm("Send them?") else { return }
        for request in wanted {
            let replay = try await desk.create(request)
            Output.line("replay \(replay.id) to \(replay.sink): \(replay.total) events")
            guard wait || desk.isDirect else {
                Output.line("it runs in the daemon; `spool replay show \(replay.id)` tells how far it is")
                continue
            }
            try await ReplayWatch(desk, replay).run()
        }
    }

    private static func unreadable(_ option: String, _ text: String) -> CommandFailure {
        CommandFailure(
            .wrongUse,
            "\(option) \(text): not a time; write 2026-11-23T04:00:00Z, 2026-11-23 or an age such as 2h or 3d"
        )
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
