import ArgumentParser
import SpoolCore
import SpoolDaemon
import SpoolStore

/// `spool dead requeue`.
struct DeadRequeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requeue",
        abstract: "Sends dead letters again, as a replay of exactly these events.",
        discussion: """
            Dismissed ones that are named are taken up again. What the receiver refuses once more stays a dead \
            letter. Without a daemon the command sends them itself.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var selection: DeadSelection
    @Flag(help: "Stay until all of them have been sent, and show the progress.") var wait = false
    @Flag(help: "Do not ask before taking all.") var yes = false

    func run() async throws {
        let composition = try config.composition()
        let groups = try await selection.letters(composition)
        if groups.isEmpty { return Output.line("no dead letters") }
        guard selection.all ? DeadQuestion.confirm("Send", groups, yes) : true else { return }
        try await ReplayFailure.translating {
            try await ReplayDesk.use(composition, command: "spool dead requeue") { desk in
                for group in groups {
                    let replay = try await desk.requeue(group.letters.map(\.seq), of: group.sink)
                    Output.line("replay \(replay.id) to \(replay.sink): \(replay.total) events")
                    guard wait || desk.isDirect else {
                        Output.line(
                            "it runs in the daemon; `spool replay show \(replay.id)` tells how far it is"
                        )
                        continue
                    }
                    try await ReplayWatch(replay, at: desk).run()
                }
            }
        }
        guard wait else { return }
        let left = try await selection.stillDead(composition, of: groups)
        guard left > 0 else { return }
        throw CommandFailure(.undelivered, "\(left) of them were refused again; `spool dead list` says why")
    }
}

/// `spool dead dismiss`.
struct DeadDismiss: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dismiss",
        abstract:
            "Gives dead letters up: retention may take their events, and nothing asks for them any more."
    )

    @OptionGroup var config: ConfigurationOption
    @OptionGroup var selection: DeadSelection
    @Flag(help: "Do not ask before dismissing all.") var yes = false

    func run() async throws {
        let composition = try config.composition()
        let groups = try await selection.letters(composition)
        if groups.isEmpty { return Output.line("no dead letters") }
        guard selection.all ? DeadQuestion.confirm("Dismiss", groups, yes) : true else { return }
        try await ReplayFailure.translating {
            try await ReplayDesk.use(composition, command: "spool dead dismiss") { desk in
                for group in groups {
                    let count = try await desk.dismiss(group.letters.map(\.seq), of: group.sink)
                    Output.line("\(group.sink): \(count) dismissed")
                }
            }
        }
    }
}

/// Asks before a command takes all of them, where there is somebody to ask.
private enum DeadQuestion {
    static func confirm(
        _ verb: String,
        _ groups: [(sink: SinkName, letters: [DeadLetter])],
        _ yes: Bool
    ) -> Bool {
        guard !yes, Output.isInteractive else { return true }
        for group in groups { Output.line("\(group.sink): \(group.letters.count) dead letters") }
        return Prompt.confirm("\(verb) them?")
    }
}

extension DeadSelection {
    /// How many of these letters are still there.
    fileprivate func stillDead(
        _ composition: Composition,
        of groups: [(sink: SinkName, letters: [DeadLetter])]
    ) async throws -> Int {
        let now = try await DeadLetters.read(composition, sink: sink)
        let left = Set(now.map { "\($0.sink) \($0.seq)" })
        return groups.flatMap(\.letters).count { left.contains("\($0.sink) \($0.seq)") }
    }
}
