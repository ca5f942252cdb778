package import SpoolConfig
package import SpoolCore
import SpoolNetwork

/// Examines an installation from the portal to the disk, and explains what it finds.
///
/// It only reads files, connects and sends requests. It changes nothing, takes no lock and sends no events,
/// so it can run beside a daemon. It sends one request per stream to a source, outside of the daemon's
/// budget.
package struct Doctor: Sendable {
    private let sources: [any Source]
    private let sinks: [any Sink]
    private let settings: SpoolSettings
    private let configurationPath: String
    private let warnings: [String]
    private let served: [SinkName: String]
    private let isThorough: Bool
    private let timeout: Duration
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - sources: The sources of the configuration.
    ///   - sinks: The sinks of the configuration.
    ///   - settings: The spool's settings, with its path.
    ///   - configurationPath: The configuration file.
    ///   - warnings: The warnings from reading the configuration.
    ///   - served: Sinks that a running daemon is connected to, with the daemon's report; the doctor does not
    ///     connect to them.
    ///   - isThorough: Check all pages of the spool without a time limit.
    ///   - timeout: The timeout of each connection and of each response.
    ///   - now: This machine's clock.
    package init(
        sources: [any Source],
        sinks: [any Sink],
        settings: SpoolSettings,
        configurationPath: String,
        warnings: [String],
        served: [SinkName: String] = [:],
        isThorough: Bool = false,
        timeout: Duration = .seconds(5),
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.sources = sources
        self.sinks = sinks
        self.settings = settings
        self.configurationPath = configurationPath
        self.warnings = warnings
        self.served = served
        self.isThorough = isThorough
        self.timeout = timeout
        self.now = now
    }

    /// Runs every check and reports the findings of each part when they are complete.
    package func run(_ report: ([Finding]) -> Void) async {
        report(
            MachineChecks(
                configurationPath: configurationPath,
                settings: settings,
                warnings: warnings
            ).run()
        )
        report(await SpoolChecks(settings: settings, isThorough: isThorough, now: now).run())
        for source in sources {
            report(await examine(source))
            await source.shutDown()
        }
        for sink in sinks {
            if let words = served[sink.name] {
                report([witnessed(sink, words)])
                continue
            }
            let plans = connections(of: sink)
            report(
                plans.isEmpty
                    ? [await LocalExamination(sink: sink).run()]
                    : await examine(plans, subject: "sink \(sink.name)")
            )
        }
    }

    private func witnessed(_ sink: any Sink, _ words: String) -> Finding {
        Finding(
            "sink \(sink.name)",
            "connection",
            .ok,
            did: "asked the daemon instead of connecting (`--probe` connects)",
            found: words
        )
    }

    private func examine(_ source: any Source) async -> [Finding] {
        let subject = "source \(source.name)"
        let plans = connections(of: source)
        var findings = await examine(plans, subject: subject)
        if let plan = plans.first, case .tls(let settings) = plan.transport {
            findings.append(AuthorityChecks(subject: subject, plan: plan, settings: settings, now: now).run())
        }
        if let failed = findings.first(where: { $0.verdict == .problem && $0.check != "Azure authorities" }) {
            findings.append(
                Finding(
                    subject,
                    "token and rights",
                    .skipped,
                    did: "nothing",
                    found: "not possible until \"\(failed.check)\" is fixed"
                )
            )
            return findings
        }
        return findings + (await SourceChecks(source: source, now: now).run())
    }

    private func examine(_ plans: [ConnectionPlan], subject: String) async -> [Finding] {
        var findings: [Finding] = []
        for plan in plans {
            findings += await PeerExamination(subject: subject, plan: plan, timeout: timeout, now: now)
                .run()
        }
        return findings
    }

    private func connections(of part: Any) -> [ConnectionPlan] {
        (part as? any NetworkPeer)?.connections ?? []
    }
}

/// All findings, for scripts; the JSON keys are stable.
package struct DoctorReport: Sendable, Codable {
    package let findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    /// True when at least one finding is a problem.
    package var hasProblem: Bool { findings.contains { $0.verdict == .problem } }

    /// "2 problems, 1 warning, 24 checks".
    package var summary: String {
        func count(_ verdict: Finding.Verdict, _ word: String) -> String? {
            let number = findings.count { $0.verdict == verdict }
            return number == 0 ? nil : "\(number) \(word)\(number == 1 ? "" : "s")"
        }
        let parts = [count(.problem, "problem"), count(.warning, "warning"), "\(findings.count) checks"]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}

/// What one check did and found, and what to do about it.
package struct Finding: Sendable, Codable, Equatable {
    /// The severity of a finding.
    package enum Verdict: String, Sendable, Codable {
        case ok, warning, problem, skipped
    }

    /// What was examined: `source contoso`, `sink siem`, `spool`, `machine`.
    package let subject: String
    /// The check's name; it is stable.
    package let check: String
    package let verdict: Verdict
    /// What the check did.
    package let did: String
    /// The result, without secrets and event content.
    package let found: String
    /// What to do; nil if nothing has to be done.
    package let remedy: String?

    package init(
        _ subject: String,
        _ check: String,
        _ verdict: Verdict,
        did: String,
        found: String,
        remedy: String? = nil
    ) {
        self.subject = subject
        self.check = check
        self.verdict = verdict
        self.did = did
        self.found = found
        self.remedy = remedy
    }
}
