import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon

/// `spool verify`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compares source, spool and ledger id by id over a window, and names what is missing.",
        discussion: """
            The window goes from --from up to, but not including, --to, on each stream's own basis: activities by the \
            time the portal saved them, alerts by their date. It is read from the source again, within the tenant's \
            requests; polls and sweeps go first. What has not been read twice yet is too early to say. What is \
            missing counts only if it still is after the stream's next sweep: that may take minutes. Exit code 1 if \
            anything is missing.

            Example: spool verify --from 3d --to 1h --report proof.txt
            """
    )

    @OptionGroup var config: ConfigurationOption

    @Option(help: "Beginning of the window, inclusive: RFC 3339, a date (UTC), or an age such as 2h and 3d.")
    var from: String

    @Option(help: "End of the window, exclusive.")
    var to: String

    @Option(help: "A stream, as source/stream; may be repeated; left out, all.")
    var stream: [String] = []

    @Option(help: "A sink; may be repeated; left out, all.")
    var sink: [String] = []

    @Flag(help: "Fetch what was never fetched, and replay exactly what a sink misses.")
    var repair = false

    @Option(help: "Write a report to keep: FILE for people, and FILE.json.")
    var report: String?

    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let composition = try config.composition()
        let request = try self.request(composition)
        let line = ProgressLine()
        let (proof, missing) = try await ReplayFailure.translating {
            try await VerifyDesk.run(request, composition) { line.show($0) }
        }
        line.end()
        let report = ProofReport(proof, missing)
        Output.line(json ? try report.json() : ProofText(proof, missing).text)
        guard proof.state == .done else {
            throw CommandFailure(.cannotReach, ProofText(proof, missing).verdict)
        }
        if let name = self.report {
            try report.write(name)
            let paths = ProofReport.paths(name)
            if !json { Output.line("\nreport: \(paths.text) and \(paths.json)") }
        }
        if proof.missing > 0 { throw CommandFailure(.problemFound, ProofText(proof, missing).verdict) }
    }

    private func request(_ composition: Composition) throws -> VerifyRequest {
        let now = SystemTime.now()
        guard let start = MomentText.timestamp(from, now: now) else { throw Self.unreadable("--from", from) }
        guard let end = MomentText.timestamp(to, now: now) else { throw Self.unreadable("--to", to) }
        guard start < end else {
            throw CommandFailure(.wrongUse, "the window is empty: --from \(start) is not before --to \(end)")
        }
        let knownStreams = composition.roster.streams.map(\.name.description)
        try check(stream, among: knownStreams, "stream")
        try check(sink, among: composition.sinkNames.map(\.text), "sink")
        return VerifyRequest(
            from: start,
            to: end,
            streams: stream.isEmpty ? nil : stream,
            sinks: sink.isEmpty ? nil : sink,
            repair: repair ? .all : .none
        )
    }

    private func check(_ names: [String], among known: [String], _ what: String) throws {
        for name in names where !known.contains(name) {
            let hint = Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" }
            throw CommandFailure(
                .wrongUse,
                "there is no \(what) \(name); \(hint ?? "there are \(known.joined(separator: ", "))")"
            )
        }
    }

    private static func unreadable(_ option: String, _ text: String) -> CommandFailure {
        CommandFailure(
            .wrongUse,
            "\(option) \(text): not a time; write 2026-11-23T04:00:00Z, 2026-11-23 or an age such as 2h or 3d"
        )
    }
}
