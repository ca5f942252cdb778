import ArgumentParser
import SpoolConfig
import SpoolCore
import SpoolDaemon

/// `spool check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates the configuration; shows every problem with line and column."
    )

    @OptionGroup var config: ConfigurationOption

    @Flag(
        help:
            "Also ask each source for a page of each stream and each sink for a connection; exit 3 when one cannot be had."
    )
    var connect = false

    private static let withCredentials =
        "`systemd-run --pipe --wait -p LoadCredential=NAME:/path spool check --connect` has it, too"

    func run() async throws {
        let composition = try config.composition(need: connect ? .all : .allButCredentials)
        for warning in composition.warnings { Output.line("warning: \(warning)") }
        for secret in composition.spared {
            Output.line("not checked: \(secret) is for the daemon alone; \(Self.withCredentials)")
        }
        Output.line("\(composition.path): ok (\(composition.summary))")
        guard connect else { return }
        let findings = await ConnectionCheck(composition).run()
        for finding in findings { Output.line(finding.description) }
        if findings.contains(where: { !$0.isReachable }) {
            throw CommandFailure(
                .cannotReach,
                "\(findings.count { !$0.isReachable }) of \(findings.count) cannot be had"
            )
        }
    }
}
