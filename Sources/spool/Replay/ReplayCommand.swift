import ArgumentParser
import Foundation
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// `spool replay`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends the events of a time window again, or only those that a sink is missing.",
        discussion: """
            The window includes --from and excludes --to. Both accept RFC 3339, dates (UTC), and ages such \
            as 2h or 3d. All events are sent again, unless --missing-only skips those that the ledger shows \
            as delivered. A replay runs beside live delivery, survives restarts, and ends when everything \
            has been sent.

            Example: spool replay --from 2026-11-20 --to 2h --sink siem --dry-run
            """,
        subcommands: [
            ReplayStart.self, ReplayList.self, ReplayShow.self, ReplayChange<Pause>.self,
            ReplayChange<Resume>.self, ReplayChange<Cancel>.self, ReplayRemove.self,
        ],
        defaultSubcommand: ReplayStart.self
    )
}

/// `spool replay list`.
struct ReplayList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists replays, newest first."
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        let replays = try await ReplayJobs.list(config)
        if json { return Output.line(try JSONText.of(replays.map(ReplayStatus.init))) }
        if replays.isEmpty { return Output.line("no replays") }
        var table = TextTable([
            "id", "to", "state", "sent", "total", "window from", "until", "basis", "sends",
        ])
        for replay in replays {
            table.add([
                String(replay.id.value), replay.request.destination ?? replay.sink.text,
                replay.state.rawValue,
                Grouped.text(replay.sent),
                Grouped.text(replay.total),
                replay.request.from.description, replay.request.to.description,
                replay.request.basis.rawValue,
                Self.sends(replay) + (replay.refetch == nil ? "" : ", refetched"),
            ])
        }
        let reasons = replays.compactMap { replay in
            replay.reason.map { "replay \(replay.id) was \(replay.state.rawValue): \($0.printable)" }
        }
        Output.line(([table.render()] + reasons).joined(separator: "\n"))
    }

    private static func sends(_ replay: Replay) -> String {
        if replay.hasChosenEvents { return "events" }
        return replay.request.missingOnly ? "missing" : "all"
    }
}

/// `spool replay show ID`.
struct ReplayShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows one replay.")

    @OptionGroup var config: ConfigurationOption
    @Argument(help: "ID of the replay.") var id: Int64
    @Flag(help: "Print the result as JSON (stable keys).") var json = false
    @Flag(help: "Wait for the replay to finish and show progress; with --json, print only its final state.")
    var follow = false

    func run() async throws {
        let look = try config.look()
        guard var replay = try await ReplayJobs.list(look).first(where: { $0.id.value == id }) else {
            throw CommandFailure(.wrongUse, "there is no replay \(id); `spool replay list` shows all")
        }
        if !json { Output.line(ReplayText(replay).text) }
        let isFollowed = follow && replay.state == .running
        if isFollowed {
            let watch = ReplayWatch(replay, isQuiet: json) { try await ReplayJobs.list(look) }
            replay = try await CommandFailure.translating { try await watch.run() }
        }
        if json { Output.line(try JSONText.of(ReplayStatus(replay))) }
        if isFollowed { try ReplayEnd.check([replay]) }
    }
}

/// `spool replay pause ID`, `spool replay resume ID` and `spool replay cancel ID`.
struct ReplayChange<Kind: ReplayChangeKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Kind.move.rawValue, abstract: Kind.abstract)
    }

    @OptionGroup var config: ConfigurationOption
    @Argument(help: "ID of the replay.") var id: Int64
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        try await CommandFailure.translating {
            try await SpoolSession.use(config, command: "spool replay") { session in
                var replay = try await session.move(ReplayID(id), Kind.move)
                if !json { Output.line(ReplayText(replay).text) }
                let isDriven = Kind.move == .resume && session.isStandalone
                if isDriven { replay = try await ReplayWatch(replay, at: session, isQuiet: json).run() }
                if json { Output.line(try JSONText.of(ReplayStatus(replay))) }
                if isDriven { try ReplayEnd.check([replay]) }
            }
        }
    }
}

/// What distinguishes the commands that change a replay; a type, because the parser identifies commands by
/// their type.
protocol ReplayChangeKind {
    static var move: MoveReplay.Move { get }
    static var abstract: String { get }
}

enum Pause: ReplayChangeKind {
    static let move = MoveReplay.Move.pause
    static let abstract = "Pauses a replay."
}

enum Resume: ReplayChangeKind {
    static let move = MoveReplay.Move.resume
    static let abstract = "Resumes a paused replay; without a daemon, runs it in the foreground."
}

enum Cancel: ReplayChangeKind {
    static let move = MoveReplay.Move.cancel
    static let abstract = "Cancels a replay permanently."
}

/// `spool replay remove ID`.
struct ReplayRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract:
            "Removes a finished replay with the events and ledger rows that belong only to it."
    )
    @OptionGroup var config: ConfigurationOption
    @Argument(help: "ID of the replay.") var id: Int64
    @Flag(help: "Print the removed replay as JSON (stable keys).") var json = false

    func run() async throws {
        try await CommandFailure.translating {
            try await SpoolSession.use(config, command: "spool replay remove") { session in
                let replay = try await session.remove(ReplayID(id))
                if json { return Output.line(try JSONText.of(ReplayStatus(replay))) }
                Output.line(
                    "replay \(replay.id) (\(replay.state.rawValue), \(Grouped.text(replay.sent)) sent) "
                        + "was removed"
                )
            }
        }
    }
}

/// How the subcommands read replays.
enum ReplayJobs {
    /// Reads the spool directly: neither the daemon nor the lock is needed.
    static func list(_ config: ConfigurationOption) async throws -> [Replay] {
        try await list(try config.look())
    }

    static func list(_ look: SpoolLook) async throws -> [Replay] {
        try await CommandFailure.translating { try await SpoolSession.list(spool: look.path) }
    }
}
