import ArgumentParser
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolDoctor

/// `spool doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Examines everything from the portal to the disk, and says what to do; exit 1 on a problem.",
        discussion: """
            Names, connections, proxies, TLS and certificates, token, rights and licence, clocks, the SIEM's port and \
            protocol, permissions, disk and spool. Changes nothing, sends no event, and runs beside the daemon. It \
            asks each source for one record of each stream. A sink that the daemon is connected to is not connected to a \
            second time, unless --probe is given; any other is, and receivers of plain lines are sent empty lines.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "As JSON; keys stay compatible.") var json = false
    @Flag(help: "Check every page of the spool, which takes minutes for gigabytes.") var thorough = false

    @Flag(
        help:
            "Connect to sinks that the daemon is connected to as well: names, TLS and certificates are examined."
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

/// Findings for people: a heading for each subject, one block for each check.
struct DoctorText {
    private var subject = ""

    /// The lines of some findings, after those given before.
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
