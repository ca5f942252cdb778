import ArgumentParser
import Foundation
import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolEngine
import SpoolStore

/// `spool check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates the configuration and shows what a reload would change.",
        discussion: """
            Reports every problem with line and column. If the configuration is valid and a spool exists, \
            the command compares the two and lists new, renamed, removed and returning sinks and streams, \
            and those that will be held until `start` or `renamed_from` is set. It changes nothing and can \
            run beside the daemon. --connect skips sinks that the daemon is already connected to with the \
            same settings.
            """
    )

    @OptionGroup var config: ConfigurationOption

    @Flag(help: "Also fetch one page per stream and connect to each sink; exit code 3 if any is unreachable.")
    var connect = false
    @Flag(help: "With --connect, also connect to sinks that the daemon is connected to.") var probe = false
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    private static let withCredentials =
        "to check it, run `systemd-run --pipe --wait -p LoadCredential=NAME:/path spool check --connect`"

    func run() async throws {
        let composition: Composition
        do throws(ConfigurationFault) {
            composition = try config.read(need: connect ? .all : .allButCredentials)
        } catch {
            if json { Output.line(try JSONText.of(CheckObject(error, path: try? config.path()))) }
            throw CommandFailure(error)
        }
        if !json {
            for warning in composition.warnings { Output.line("warning: \(warning)") }
            for secret in composition.spared {
                Output.line("not checked: \(secret) is available only to the daemon; \(Self.withCredentials)")
            }
            Output.line("\(composition.path): ok (\(composition.summary))")
        }
        let comparison = await SpoolComparison.make(composition)
        if !json { for line in comparison.lines { Output.line(line) } }
        var findings: [ConnectionCheck.Finding] = []
        if connect {
            let served = probe ? [:] : await ServedSinks.ask(composition)
            findings = await ConnectionCheck(composition, served: served).run()
        }
        if json {
            Output.line(try JSONText.of(CheckObject(composition, comparison, connect ? findings : nil)))
        } else {
            for finding in findings { Output.line(finding.description) }
        }
        let failed = findings.count { !$0.isReachable }
        if failed > 0 {
            throw CommandFailure(
                .cannotReach,
                "\(failed) of \(findings.count) \(Count.of(failed, "is", "are")) unreachable"
            )
        }
    }
}

/// The output of `spool check --json`.
private struct CheckObject: Encodable {
    struct Problem: Encodable {
        let line: Int
        let column: Int
        let message: String
    }

    struct Connection: Encodable {
        let subject: String
        let reachable: Bool
        let detail: String
    }

    /// Nil if there is no file.
    let configuration: String?
    let valid: Bool
    let warnings: [String]
    let problems: [Problem]
    /// Secrets that are available only to the daemon: they were not checked.
    let notChecked: [String]
    /// What a start or reload with this file would change in the spool; nil if it was not compared.
    var changes: [TopologyChange]?
    /// Why it was not compared; nil if it was, or if there is no spool yet.
    var notCompared: String?
    /// Why the file could not be read.
    var error: String?
    /// Nil without --connect.
    var connections: [Connection]?

    enum CodingKeys: String, CodingKey {
        case configuration, valid, warnings, problems, changes, error, connections
        case notChecked = "not_checked"
        case notCompared = "not_compared"
    }

    init(
        _ composition: Composition,
        _ comparison: SpoolComparison,
        _ findings: [ConnectionCheck.Finding]?
    ) {
        configuration = composition.path
        valid = true
        warnings = composition.warnings
        problems = []
        notChecked = composition.spared
        changes = comparison.changes
        notCompared = comparison.failure
        connections = findings?.map {
            Connection(subject: $0.subject, reachable: $0.isReachable, detail: $0.detail)
        }
    }

    init(_ fault: ConfigurationFault, path: String?) {
        configuration = path
        valid = false
        warnings = []
        notChecked = []
        problems = fault.problems.map { Problem(line: $0.line, column: $0.column, message: $0.message) }
        error = problems.isEmpty ? fault.description : nil
    }
}

/// What a start or reload with a configuration would change in the spool; neither daemon nor lock is needed.
struct SpoolComparison {
    /// Nil if nothing was compared: there is no spool, or it cannot be read.
    let changes: [TopologyChange]?
    /// Why the spool could not be read; nil if it could, or if there is none.
    let failure: String?

    static func make(_ composition: Composition) async -> SpoolComparison {
        let path = composition.spool.path
        if access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
            return SpoolComparison(changes: nil, failure: nil)
        }
        do throws(StoreError) {
            let spool = try Spool.openReadOnly(path: path)
            let changes = try await spool.preview(
                composition.topology,
                retention: composition.spool.retentionAge
            )
            // The spool was only read: a failure to close it does not invalidate the result.
            try? await spool.close(at: SystemTime.now())
            return SpoolComparison(changes: changes, failure: nil)
        } catch {
            return SpoolComparison(changes: nil, failure: error.description)
        }
    }

    /// The changes as text; empty if a reload changes nothing.
    var lines: [String] {
        if let failure { return ["not compared with the spool: \(failure)"] }
        guard let changes, !changes.isEmpty else { return [] }
        return ["at the next start or reload:"]
            + changes.map { "  \($0.isWarning ? "warning: " : "")\($0.subject) \($0.detail)" }
    }
}
