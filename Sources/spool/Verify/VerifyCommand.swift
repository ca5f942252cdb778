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
            anything is missing, nothing of the window can be compared, or no delivery is proved; 3 if the comparison \
            did not finish. Exit code 0 means that nothing is missing; `complete` in the JSON is true only if the whole \
            window is proved for every sink, otherwise `shortfalls` says why not. \
            Interrupted, it ends the comparison in the daemon as well.

            Example: spool verify --from 3d --to 1h --report proof.txt
            """
    )

    @OptionGroup var config: ConfigurationOption

    @Option(help: "Beginning of the window, inclusive: RFC 3339, a date (UTC), or an age such as 2h and 3d.")
    var from: String

    @Option(help: "End of the window, exclusive.")
    var to: String

    @Option(
        help: """
            A stream, as source/stream, or all of a name: activities, alerts. May be repeated; left out, all.
            """
    )
    var stream: [String] = []

    @Option(help: "A sink; may be repeated; left out, all.")
    var sink: [String] = []

    @Flag(help: "Fetch what was never fetched, and replay exactly what a sink misses.")
    var repair = false

    @Option(help: "Write a report to keep: FILE for people, and FILE.json.")
    var report: String?

    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        ProcessTuning.limitMemory()
        let composition = try config.composition()
        let request = try self.request(composition)
        if let name = self.report { try ProofReport.check(name) }
        let line = ProgressLine()
        let (proof, missing) = try await ReplayFailure.translating {
            try await VerifyDesk.run(request, composition) { line.show($0) }
        }
        line.end()
        let report = ProofReport(proof, missing)
        Output.line(json ? try report.json() : ProofText(proof, missing).text)
        if let name = self.report {
            // One that came to no end is written, too: an older report in its place would look like its result.
            try report.write(name)
            let paths = ProofReport.paths(name)
            if !json { Output.line("\nreport: \(paths.text) and \(paths.json)") }
        }
        guard proof.state == .done else {
            throw CommandFailure(.cannotReach, ProofText(proof, missing).verdict)
        }
        if let remedy = ProofText(proof, missing).remedy { throw CommandFailure(.problemFound, remedy) }
    }

    private func request(_ composition: Composition) throws -> VerifyRequest {
        let now = SystemTime.now()
        let start = try MomentText.option("--from", from, now: now)
        let end = try MomentText.option("--to", to, now: now)
        guard start < end else {
            throw CommandFailure(.wrongUse, "the window is empty: --from \(start) is not before --to \(end)")
        }
        let streams = try streams(among: composition.streams.map(\.name))
        try KnownNames.check(sink, "sink", among: composition.sinkNames.map(\.text))
        return VerifyRequest(
            from: start,
            to: end,
            streams: streams.isEmpty ? nil : streams,
            sinks: sink.isEmpty ? nil : sink,
            repair: repair ? .all : .none
        )
    }

    /// The streams that `--stream` names, each by itself or all of a name.
    private func streams(among known: [StreamName]) throws -> [String] {
        var found: [String] = []
        for text in stream {
            let named = known.filter { ReplayTargets.isNamed($0, text) }.map(\.description)
            if named.isEmpty { throw KnownNames.failure("stream", text, among: known.map(\.description)) }
            found += named.filter { !found.contains($0) }
        }
        return found
    }
}
