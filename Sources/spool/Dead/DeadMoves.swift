import ArgumentParser
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolStore

/// `spool dead requeue`.
struct DeadRequeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue",
        abstract: "Sends dead letters again as a replay of exactly these events.",
        discussion: """
            Naming a dismissed dead letter reinstates it. An event that the receiver refuses again stays a \
            dead letter. Without a daemon the command sends the events itself.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var selection: DeadSelection
    @Flag(help: "Wait until all of them have been sent and show progress.") var wait = false
    @Flag(help: "With --all, do not ask for confirmation.") var yes = false
    @Flag(help: "Print the result as JSON at the end (stable keys).") var json = false

    func run() async throws {
        let composition = try config.composition()
        let messages = CommandMessages(isJSON: json)
        let groups = try await selection.letters(inSpool: composition.spool.path)
        if groups.isEmpty { messages.line("no dead letters") }
        guard groups.isEmpty || !selection.all || DeadQuestion(messages).confirm("Send", groups, yes) else {
            return
        }
        var replays: [Replay] = []
        if !groups.isEmpty {
            try await CommandFailure.translating {
                try await SpoolSession.use(composition, command: "spool dead requeue") { session in
                    for group in groups { replays.append(try await send(group, session, messages)) }
                }
            }
        }
        let left = wait ? try await selection.stillDead(composition, of: groups) : nil
        if json {
            let answer = RequeueObject(replays: replays.map(ReplayStatus.init), refusedAgain: left)
            Output.line(try JSONText.of(answer))
        }
        guard wait else { return }
        try ReplayEnd.check(replays)
        guard let left, left > 0 else { return }
        throw CommandFailure(
            .undelivered,
            "\(Grouped.text(left)) of them \(Count.of(left, "was", "were")) refused again; "
                + "`spool dead list` shows why"
        )
    }

    private func send(
        _ group: (sink: SinkName, letters: [DeadLetter]),
        _ session: SpoolSession,
        _ messages: CommandMessages
    ) async throws -> Replay {
        let replay = try await session.requeue(group.letters.map(\.seq), of: group.sink)
        messages.line("replay \(replay.id) to \(replay.sink): \(Count.text(replay.total, "event"))")
        return try await ReplayWatch.attend(replay, at: session, messages, waits: wait)
    }
}

/// `spool dead dismiss`.
struct DeadDismiss: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss",
        abstract:
            "Dismisses dead letters, so that retention may delete their events."
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var selection: DeadSelection
    @Flag(help: "With --all, do not ask for confirmation.") var yes = false
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        let composition = try config.composition()
        let messages = CommandMessages(isJSON: json)
        let groups = try await selection.letters(inSpool: composition.spool.path)
        if groups.isEmpty { messages.line("no dead letters") }
        guard groups.isEmpty || !selection.all || DeadQuestion(messages).confirm("Dismiss", groups, yes)
        else {
            return
        }
        var dismissed: [DismissObject.Sink] = []
        if !groups.isEmpty {
            try await CommandFailure.translating {
                try await SpoolSession.use(composition, command: "spool dead dismiss") { session in
                    for group in groups {
                        let count = try await session.dismiss(group.letters.map(\.seq), of: group.sink)
                        messages.line("\(group.sink): \(Grouped.text(count)) dismissed")
                        dismissed.append(DismissObject.Sink(sink: group.sink.text, events: count))
                    }
                }
            }
        }
        if json { Output.line(try JSONText.of(DismissObject(dismissed: dismissed))) }
    }
}

/// The output of `spool dead requeue --json`.
private struct RequeueObject: Encodable {
    let replays: [ReplayStatus]
    /// Nil without --wait.
    let refusedAgain: Int?

    enum CodingKeys: String, CodingKey {
        case replays
        case refusedAgain = "refused_again"
    }
}

/// The output of `spool dead dismiss --json`.
private struct DismissObject: Encodable {
    struct Sink: Encodable {
        let sink: String
        let events: Int
    }

    let dismissed: [Sink]
}

/// Asks for confirmation before a command processes all dead letters, in interactive use.
private struct DeadQuestion {
    let messages: CommandMessages

    init(_ messages: CommandMessages) { self.messages = messages }

    func confirm(
        _ verb: String,
        _ groups: [(sink: SinkName, letters: [DeadLetter])],
        _ yes: Bool
    ) -> Bool {
        guard !yes, Output.isInteractive else { return true }
        for group in groups {
            messages.line("\(group.sink): \(Count.text(group.letters.count, "dead letter"))")
        }
        return messages.confirm("\(verb) them?")
    }
}

extension DeadSelection {
    /// How many of these dead letters still exist.
    fileprivate func stillDead(
        _ composition: Composition,
        of groups: [(sink: SinkName, letters: [DeadLetter])]
    ) async throws -> Int {
        let now = try await DeadLetters.read(composition.spool.path, sink: sink)
        let left = Set(now.map { "\($0.sink) \($0.seq)" })
        return groups.flatMap(\.letters).count { left.contains("\($0.sink) \($0.seq)") }
    }
}
