import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon

/// `spool prune`.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Runs retention now, or lets go of a sink or stream that has left the configuration.",
        discussion: """
            Retention deletes events that every sink has had and that are older than `retention.age`; it spares dead \
            letters and what an unfinished replay has yet to send. The daemon does this by itself once a minute: this \
            is for a full disk, for --dry-run, and for --forget.

            What has left the configuration keeps its events for `retention.age`. --forget ends that: a sink of that \
            name, should it return, begins as a new one.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Say what would be deleted for its age, and stop there.") var dryRun = false
    @Option(help: ArgumentHelp("Let go of this sink or stream first.", valueName: "name"))
    var forget: String?
    @Flag(help: "As JSON.") var json = false
    @Flag(help: "Do not ask before forgetting.") var yes = false

    func validate() throws {
        if dryRun, forget != nil { throw ValidationError("--dry-run and --forget do not go together") }
    }

    func run() async throws {
        let composition = try config.composition()
        if let forget, !yes, Output.isInteractive {
            Output.line("What \(forget) has not had yet will not be kept for it any more.")
            guard Prompt.confirm("Forget \(forget)?") else { return }
        }
        try await HouseFailure.translating {
            try await ReplayDesk.use(composition, command: "spool prune") { desk in
                if let forget {
                    try await desk.forget(forget)
                    if !json { Output.line("\(forget) is forgotten") }
                }
                let answer = try await desk.prune(isDryRun: dryRun)
                Output.line(try json ? JSONText.of(answer) : Self.text(answer))
            }
        }
    }

    private static func text(_ answer: PruneAnswer) -> String {
        var table = TextTable(["stream", answer.isDryRun ? "would go" : "deleted", ""])
        for stream in answer.streams {
            table.add([
                stream.name.description, String(stream.events),
                stream.isWithoutTime ? "left alone: its source has not told its time yet" : "",
            ])
        }
        let age = Age.text(.milliseconds(answer.age))
        var lines = [table.render()]
        lines.append(
            "\(answer.events) events \(answer.isDryRun ? "are" : "were") settled everywhere and older than \(age); "
                + "\(ByteSize.text(answer.bytesInUse)) in use"
        )
        if answer.lost > 0 {
            lines.append("\(answer.lost) of them a sink that has left has not had: see the view `gaps`")
        }
        return lines.joined(separator: "\n")
    }
}

/// Gives the errors of housekeeping their exit codes.
enum HouseFailure {
    static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await ReplayFailure.translating(body)
        } catch let fault as SourceFault {
            throw CommandFailure(
                .cannotReach,
                "retention goes by the source's own time, and no source tells it: \(fault)"
            )
        }
    }
}
