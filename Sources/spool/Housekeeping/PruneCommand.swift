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
        let saying = Saying(isJSON: json)
        if let forget, !yes, Output.isInteractive {
            saying.line("What \(forget) has not had yet will not be kept for it any more.")
            guard saying.confirm("Forget \(forget)?") else { return }
        }
        try await HouseFailure.translating {
            try await ReplayDesk.use(composition, command: "spool prune") { desk in
                if let forget {
                    try await desk.forget(forget)
                    if !json { Output.line("\(forget) is forgotten") }
                }
                let answer = try await desk.prune(isDryRun: dryRun)
                let object = PruneObject(answer: answer, forgotten: forget)
                Output.line(try json ? JSONText.of(object) : Self.text(answer))
            }
        }
    }

    private static func text(_ answer: PruneAnswer) -> String {
        var table = TextTable(["stream", answer.isDryRun ? "would go" : "deleted", ""])
        for stream in answer.streams {
            table.add([
                stream.name.description, Grouped.text(stream.events),
                stream.isWithoutTime ? "left alone: its source has not told its time yet" : "",
            ])
        }
        let age = Age.text(.milliseconds(answer.age))
        var lines = [table.render()]
        lines.append(
            "\(Count.text(answer.events, "event")) \(Self.verb(answer)) settled everywhere and older than \(age); "
                + "\(ByteSize.text(answer.bytesInUse)) in use"
        )
        if answer.lost > 0 {
            lines.append(
                "\(Grouped.text(answer.lost)) of them a sink that has left has not had: see the view `gaps`"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func verb(_ answer: PruneAnswer) -> String {
        answer.isDryRun ? Count.of(answer.events, "is", "are") : Count.of(answer.events, "was", "were")
    }
}

/// What `spool prune --json` tells: the answer, and what was forgotten first.
private struct PruneObject: Encodable {
    let answer: PruneAnswer
    let forgotten: String?

    private enum CodingKeys: String, CodingKey { case forgotten, events }

    func encode(to encoder: any Encoder) throws {
        try answer.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(answer.events, forKey: .events)
        try container.encodeIfPresent(forgotten, forKey: .forgotten)
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
