import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// `spool prune`.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Runs retention now, or forgets a sink or stream that is no longer configured.",
        discussion: """
            Retention deletes events that are settled at every sink and older than `retention.age`. It keeps \
            dead letters, and events that an unfinished replay has not sent yet. The daemon runs it once per \
            minute; use this command when the disk is full, with --dry-run, or with --forget.

            Events waiting for a sink or stream that is no longer configured are kept for `retention.age`. \
            --forget ends that: these events are no longer sent, dead letters of the sink are dismissed, and \
            replays to it are cancelled. The name can then be used again. A sink that is added with that \
            name counts as new. A stream of that name is read again from its `start`, and its events are \
            sent again.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Print what would be deleted because of its age, without deleting it.") var dryRun = false
    @Option(help: ArgumentHelp("Sink or stream to forget first.", valueName: "name"))
    var forget: String?
    @Flag(help: "Print the result as JSON (stable keys).") var json = false
    @Flag(help: "Forget without asking for confirmation.") var yes = false

    func validate() throws {
        if dryRun, forget != nil { throw ValidationError("--dry-run and --forget are mutually exclusive") }
    }

    func run() async throws {
        let composition = try config.composition()
        let messages = CommandMessages(isJSON: json)
        if let forget, !yes, Output.isInteractive {
            messages.line("Events still waiting for \(forget) will no longer be kept, and are never sent.")
            guard messages.confirm("Forget \(forget)?") else { return }
        }
        try await HouseFailure.translating {
            try await SpoolSession.use(composition, command: "spool prune") { session in
                var report: ForgetReport?
                if let forget {
                    let forgotten = try await session.forget(forget)
                    if !json { Output.line(ForgetText.line(forgotten)) }
                    report = forgotten
                }
                let notice =
                    session.isStandalone
                    ? "interrupted: events deleted so far stay deleted; the rest is kept"
                    : "retention continues in the daemon"
                let answer = try await Interruption.telling(notice, at: session) { [dryRun] in
                    try await session.prune(isDryRun: dryRun)
                }
                let object = PruneObject(answer: answer, forgotten: report)
                Output.line(try json ? JSONText.of(object) : Self.text(answer))
            }
        }
    }

    private static func text(_ answer: PruneAnswer) -> String {
        var table = TextTable(["stream", answer.isDryRun ? "would be deleted" : "deleted", ""])
        for stream in answer.streams {
            table.add([
                stream.name.description, Grouped.text(stream.events),
                stream.isWithoutTime ? "skipped: the source's time is not known yet" : "",
            ])
        }
        let age = Age.text(.milliseconds(answer.age))
        var lines = [table.render()]
        lines.append(
            "\(Count.text(answer.events, "event")) \(Self.verb(answer)) settled at every sink and older than "
                + "\(age); \(ByteSize.text(answer.bytesInUse)) in use"
        )
        if answer.lost > 0 {
            lines.append(
                "\(Grouped.text(answer.lost)) of them never reached a sink that is no longer configured; "
                    + "see the view `gaps`"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func verb(_ answer: PruneAnswer) -> String {
        answer.isDryRun ? Count.of(answer.events, "is", "are") : Count.of(answer.events, "was", "were")
    }
}

/// What was forgotten, on one line.
enum ForgetText {
    static func line(_ report: ForgetReport) -> String {
        var parts: [String] = []
        if report.waiting > 0 {
            parts.append("\(Count.text(report.waiting, "waiting event")) will not be sent")
        }
        if report.dismissed > 0 { parts.append("\(Count.text(report.dismissed, "dead letter")) dismissed") }
        if !report.cancelled.isEmpty {
            parts.append("cancelled replays: \(report.cancelled.map(\.description).joined(separator: ", "))")
        }
        let facts = parts.isEmpty ? "nothing was waiting" : parts.joined(separator: ", ")
        return "\(report.name) was forgotten: \(facts); the name can be used again"
    }
}

/// The output of `spool prune --json`: the answer, and what was forgotten before.
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

/// Maps the errors of `prune` to their exit codes.
enum HouseFailure {
    static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await CommandFailure.translating(body)
        } catch let fault as SourceFault {
            throw CommandFailure(
                .cannotReach,
                "retention uses the source's clock, and no source could be asked: \(fault)"
            )
        }
    }
}
