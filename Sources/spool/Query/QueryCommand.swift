import ArgumentParser
import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolStore

/// `spool query`.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Runs a read-only SQL query; plain sqlite3 works, too.",
        discussion: """
            The views events, backlog, deliveries, gaps, coverage, dead_letters, shortened, replays, health \
            and proofs are a stable interface. The query is one statement without parameters; an error in it \
            results in exit code 2. In tables, control characters are escaped. CSV and JSON contain the data \
            unchanged.

            Example: spool query "select * from backlog"
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, csv, json }

    @OptionGroup var config: ConfigurationOption

    @Option(help: "table (the default), csv (RFC 4180) or json (one object per line).")
    var format: Format?

    @Flag(help: "Same as --format json.")
    var json = false

    @Argument(help: "One SQL statement.")
    var sql: String

    func validate() throws {
        if json, let format, format != .json {
            throw ValidationError("--json and --format \(format) are mutually exclusive")
        }
    }

    func run() async throws {
        let path = try config.look().path
        let output = QueryOutput { bytes in
            Output.raw(bytes)
            return Output.isOpen
        }
        let writer = QueryWriter(json ? .json : format ?? .table, to: output)
        try await CommandFailure.translating {
            let spool = try Spool.openReadOnly(path: path)
            try await spool.query(sql, header: { writer.begin($0) }, row: { writer.add($0) })
        }
        writer.end()
        await output.end()
        guard output.isStalled else { return }
        throw CommandFailure(
            .outputFailed,
            "spool: standard output was not read for \(Age.text(QueryOutput.timeout)), and the result "
                + "exceeds the \(ByteSize.text(Int64(QueryOutput.limit))) buffer. The query was stopped "
                + "because the spool's write-ahead log grows while it runs; the output is incomplete. "
                + "Write the result to a file."
        )
    }
}
