import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon

/// `spool prune`.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Runs retention now, or forgets a sink or stream that has left the configuration.",
        discussion: """
            Retention deletes events that every sink has had and that are older than `retention.age`; it spares dead \
            letters and what an unfinished replay has yet to send. The daemon does this by itself once a minute: this \
            is for a full disk, for --dry-run, and for --forget.

            The events that wait for a sink or stream which has left the configuration are kept for `retention.age`. \
            --forget ends that: they are not sent any more, dead letters of a sink are dismissed and replays to it \
            cancelled. The name is free then. A sink of that name begins as a new one; a stream of that name is read \
            again from its `start`, and its events are sent again.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Say what would be deleted for its age, and stop there.") var dryRun = false
    @Option(help: ArgumentHelp("Forget this sink or stream first.", valueName: "name"))
    var forget: String?
    @Flag(help: "As JSON.") var json = false
    @Flag(help: "Do not ask before forgetting.") var yes = false

    func validate() throws {
        if dryRun, forget != nil { throw ValidationError("--dry-run and --forget exclude each other") }
    }

    func run() async throws {
        let composition = try config.composition()
        let saying = Saying(isJSON: json)
        if let forget, !yes, Output.isInteractive {
            saying.line("Events that wait for \(forget) will not be sent any more.")
            guard saying.confirm("Forget \(forget)?") else { return }
        }
        try await HouseFailure.translating {
            try await ReplayDesk.use(composition, command: "spool prune") { desk in
                var report: ForgetReport?
                if let forget {
                    let forgotten = try await desk.forget(forget)
                    if !json { Output.line(ForgetText.line(forgotten)) }
                    report = forgotten
                }
                let notice =
                    desk.isDirect
                    ? "interrupted: what has been deleted so far stays deleted; the rest is kept"
                    : "retention continues in the daemon"
                let answer = try await Interruption.telling(notice) { [dryRun] in
                    try await desk.prune(isDryRun: dryRun)
                }
                let object = PruneObject(answer: answer, forgotten: report)
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
                "\(Grouped.text(answer.lost)) of them were not sent to a sink that has left: see the view `gaps`"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func verb(_ answer: PruneAnswer) -> String {
        answer.isDryRun ? Count.of(answer.events, "is", "are") : Count.of(answer.events, "was", "were")
    }
}

/// What was forgotten, in one line.
enum ForgetText {
    static func line(_ report: ForgetReport) -> String {
        var parts: [String] = []
        if report.waiting > 0 {
            parts.append("\(Count.text(report.waiting, "event")) that waited will not be sent")
        }
        if report.dismissed > 0 { parts.append("\(Count.text(report.dismissed, "dead letter")) dismissed") }
        if !report.cancelled.isEmpty {
            parts.append("cancelled: replay \(report.cancelled.map(\.description).joined(separator: ", "))")
        }
        let facts = parts.isEmpty ? "nothing waited" : parts.joined(separator: ", ")
        return "\(report.name) is forgotten: \(facts); the name is free"
    }
}

/// The object of `spool prune --json`: the answer, and what was forgotten first.
private struct PruneObject: Encodable {
    let answer: PruneAnswer
    let forgotten: ForgetReport?

    private enum CodingKeys: String, CodingKey {
        case forgotten, events
        case notSent = "forgotten_waiting"
        case dismissed = "forgotten_dead_letters"
        case cancelled = "forgotten_replays"
    }

    func encode(to encoder: any Encoder) throws {
        try answer.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(answer.events, forKey: .events)
        guard let forgotten else { return }
        try container.encode(forgotten.name, forKey: .forgotten)
        try container.encode(forgotten.waiting, forKey: .notSent)
        try container.encode(forgotten.dismissed, forKey: .dismissed)
        try container.encode(forgotten.cancelled, forKey: .cancelled)
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
