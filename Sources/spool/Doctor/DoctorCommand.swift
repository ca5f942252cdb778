import ArgumentParser
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolDoctor
import SpoolEngine

/// `spool doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Checks everything from the portal to the disk and suggests fixes; exit code 1 on a problem.",
        discussion: """
            Checks host names, connections, proxies, TLS and certificates, token, permissions and licence, \
            clocks, the SIEM's port and protocol, file permissions, disk and spool. It changes nothing, \
            sends no event, and can run beside the daemon. It requests one record of each stream from each \
            source. It connects to each sink, and sends empty lines to receivers of plain lines, but skips \
            sinks that the daemon is connected to unless --probe is given.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Print the result as JSON (stable keys).") var json = false
    @Flag(help: "Check every page of the spool; for several gigabytes this takes minutes.")
    var thorough = false

    @Flag(
        help: """
            Also connect to sinks that the daemon is connected to, to check host names, TLS and certificates.
            """
    )
    var probe = false

    func run() async throws {
        let composition = try config.composition(need: .all)
        let served = probe ? [:] : await ServedSinks.ask(composition)
        let doctor = Doctor(
            sources: composition.allSources,
            sinks: composition.allSinks,
            settings: composition.spool,
            configurationPath: composition.path,
            warnings: composition.warnings,
            served: served,
            isThorough: thorough,
            now: SystemTime.now
        )
        var findings: [Finding] = []
        var text = DoctorText()
        await doctor.run { part in
            findings += part
            if !json { Output.text(text.lines(of: part)) }
        }
        let report = DoctorReport(findings)
        if json { Output.line(try JSONText.of(report)) } else { Output.line() }
        if report.hasProblem { throw CommandFailure(.problemFound, report.summary) }
        if !json { Output.line(report.summary) }
    }
}

/// Findings as text: a heading for each subject, one block for each check.
struct DoctorText {
    private var subject = ""

    /// The lines of further findings, following those passed before.
    mutating func lines(of findings: [Finding]) -> String {
        findings.map { finding in
            let heading =
                finding.subject == subject ? "" : (subject.isEmpty ? "" : "\n") + "\(finding.subject)\n"
            subject = finding.subject
            return heading + Self.block(finding)
        }
        .joined()
    }

    private static func block(_ finding: Finding) -> String {
        let mark =
            switch finding.verdict {
            case .ok: "ok     "
            case .warning: "WARNING"
            case .problem: "PROBLEM"
            case .skipped: "skipped"
            }
        var lines = [
            "  \(mark)  \(finding.check): \(finding.found.printable)",
            "           did: \(finding.did.printable)",
        ]
        if let remedy = finding.remedy { lines.append("           do:  \(remedy.printable)") }
        return lines.joined(separator: "\n") + "\n"
    }
}
