import ArgumentParser
import Foundation
import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolDaemon
import SpoolEngine

/// `spool reload`.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Makes the daemon reload its configuration, and shows the result.",
        discussion: """
            The command asks the daemon over its socket, waits until the reload has succeeded or was \
            rejected, and shows what has changed, or every reason for the rejection. A reload applies the \
            whole file or nothing.

            Exit code 2 if the reload is rejected: the file has a mistake, or changes `spool.path` or \
            `status.listen`, which require a restart. The daemon then continues with its previous \
            configuration. Exit code 3 if no daemon answers.

            The daemon reads the file that it was started with; --config is only used to find its socket. If \
            no daemon answers there, for example because the file has another `spool.path`, the process \
            given by --pid is sent SIGHUP, and the command still fails, because the result is unknown.
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Option(help: ArgumentHelp("The daemon's process ID; for systemd's ExecReload.", valueName: "pid"))
    var pid: Int32?
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func validate() throws {
        if let pid { try NumberOption.check("--pid", Int(pid), 2...Int(Int32.max)) }
    }

    func run() async throws {
        let report: ReloadReport
        do {
            report = try await ask()
        } catch {
            throw asked(bySignalAfter: error)
        }
        if json {
            Output.line(try JSONText.of(report))
        } else if report.isReloaded {
            Output.line(ReloadText(report).text)
        }
        guard report.isReloaded else {
            throw CommandFailure(.wrongUse, json ? "reload rejected" : ReloadText(report).text)
        }
    }

    private func ask() async throws(CommandFailure) -> ReloadReport {
        let path = try spoolPath()
        do {
            return try await ControlClient(ControlSocket(spool: path)).send(ReloadNow())
        } catch .noDaemon {
            throw CommandFailure(
                .cannotReach,
                "spool: no daemon is running on \(path), so there is nothing to reload; a daemon reads "
                    + "the file when it starts. If `spool.path` was changed while a daemon is running, "
                    + "restart the daemon: a reload does not apply that change"
            )
        } catch {
            throw CommandFailure(error.exitStatus, "spool: \(error)")
        }
    }

    /// The path of the spool; other mistakes in the file are reported by the daemon.
    private func spoolPath() throws(CommandFailure) -> String {
        do throws(ConfigurationFault) {
            let file = try ConfigurationLocation.find(
                option: config.file,
                environment: ConfigurationOption.environment
            )
            if let path = SpoolLocation.path(inFile: file) { return path }
            return try config.read().spool.path
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Sends SIGHUP to the process of `--pid` if the daemon was not found through the file: the daemon then
    /// rejects a wrong file itself, and reports that in its status.
    private func asked(bySignalAfter failure: CommandFailure) -> CommandFailure {
        guard let pid, failure.status != .spoolUnavailable, kill(pid, SIGHUP) == 0 else { return failure }
        return CommandFailure(
            failure.status,
            failure.description
                + "\nspool: process \(pid) was sent SIGHUP instead; "
                + "its log and `spool status` show the result"
        )
    }
}

/// The result of a reload as text.
struct ReloadText {
    private let report: ReloadReport

    init(_ report: ReloadReport) { self.report = report }

    var text: String {
        guard report.isReloaded else {
            let causes = report.problems.map { "  \(Sentence.ended($0))" }
            return
                ([
                    "\(report.configuration): reload rejected; the daemon continues with its previous "
                        + "configuration:"
                ]
                + causes).joined(separator: "\n")
        }
        let changes = report.changes.map { "  \($0.subject): \($0.change.rawValue)" }
        let head = "\(report.configuration): reloaded" + (changes.isEmpty ? ", nothing has changed" : "")
        return (report.warnings.map { "warning: \($0)" } + [head] + changes).joined(separator: "\n")
    }
}
