import ArgumentParser
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// `spool verify`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compares source, spool and ledger id by id for a time window and lists what is missing.",
        discussion: """
            The window includes --from and excludes --to. It applies to the time at which the portal saved \
            an activity, and to the date of an alert. The window is read from the source again, within the \
            tenant's request limit; polls and sweeps have priority. A part of the window that has not been \
            re-read cannot be proved yet. An event counts as missing only if it is still missing after \
            the stream's next sweep, which may take minutes. If the command is interrupted, the comparison \
            in the daemon stops, too.

            Exit code 0 means that nothing is missing. In the JSON, `complete` is true only if the whole \
            window is proved for every sink; otherwise `shortfalls` lists the reasons. Exit code 1 if \
            anything is missing, nothing in the window can be compared, or no delivery is proved; 3 if the \
            comparison did not finish.

            Example: spool verify --from 3d --to 1h --report proof.txt
            """
    )

    @OptionGroup var config: ConfigurationOption

    @Option(help: "Start of the window, inclusive: RFC 3339, a date (UTC), or an age such as 2h or 3d.")
    var from: String

    @Option(help: "End of the window, exclusive.")
    var to: String

    @Option(
        help: """
            Stream to compare: source/stream, or activities or alerts for all sources; repeatable \
            (default: all streams).
            """
    )
    var stream: [String] = []

    @Option(help: "Sink to compare; repeatable (default: all sinks).")
    var sink: [String] = []

    @Flag(help: "Fetch events that were never fetched, and replay exactly the events a sink is missing.")
    var repair = false

    @Option(help: "Write a report: text to this file, and JSON to the same name with .json appended.")
    var report: String?

    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        ProcessTuning.limitMemory()
        let composition = try config.composition()
        let request = try self.request(composition)
        if let name = self.report { try ProofReport.check(name) }
        let line = ProgressLine()
        let (proof, missing) = try await CommandFailure.translating {
            try await SpoolSession.verify(request, composition) { line.show($0) }
        }
        line.end()
        let report = ProofReport(proof, missing)
        Output.line(json ? try report.json() : ProofText(proof, missing).text)
        if let name = self.report {
            // An unfinished proof is written, too: an older report at this path would look like its result.
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

    /// The streams that `--stream` names, each as `source/stream` or by its name in any source.
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
