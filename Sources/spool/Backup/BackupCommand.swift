import ArgumentParser
import Foundation
import SpoolCore
import SpoolDaemon
import SpoolEngine
import Synchronization

/// `spool backup`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Makes a consistent, verified copy of the spool while it is in use.",
        discussion: """
            The copy is checked (SQLite's integrity check, and a count of all events), synced, and only then \
            renamed to the given name; an existing file is never overwritten. If a daemon is running, it \
            writes the copy: as its user, and only where its systemd unit allows writing (/var/lib/spool).

            Example: spool backup --to /var/lib/spool/backup.db
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Option(help: ArgumentHelp("File to write.", valueName: "file")) var to: String
    @Flag(help: "Print the result as JSON (stable keys).") var json = false

    func run() async throws {
        let file = URL(fileURLWithPath: to).standardizedFileURL.path
        let screen = BackupScreen(isQuiet: json)
        try await CommandFailure.translating {
            try await SpoolSession.use(config, command: "spool backup") { session in
                let notice =
                    session.isStandalone
                    ? "the backup was interrupted: \(file) was not written"
                    : "the daemon continues the backup; \(file) appears when it is complete"
                let report = try await Interruption.telling(notice, at: session) {
                    try await session.backup(to: file) { screen.show($0) }
                }
                screen.end()
                if json { return Output.line(try JSONText.of(report)) }
                Output.line(
                    "\(report.file): \(ByteSize.text(report.bytes)), \(Count.text(report.events, "event")) "
                        + "up to seq \(report.lastSeq)"
                )
                Output.line(
                    "checked: \(Count.text(report.streams, "stream")), "
                        + "\(Count.text(report.ledgerRows, "ledger row")), every event with its record"
                )
            }
        }
    }
}

/// Shows the progress of a backup: one changing line on a terminal, otherwise nothing.
final class BackupScreen: Sendable {
    private let isShown: Bool
    private let last = Mutex("")

    init(isQuiet: Bool) { isShown = !isQuiet && Output.isTerminal }

    func show(_ progress: BackupProgress) {
        guard isShown else { return }
        let share = progress.total > 0 ? progress.pages * 100 / progress.total : 0
        let text = progress.step == .checking ? "checking the copy" : "copying, \(share) %"
        let isNew = last.withLock { last in
            defer { last = text }
            return last != text
        }
        if isNew { Output.screen("\r\u{1B}[2K\(text)") }
    }

    func end() { if isShown { Output.screen("\r\u{1B}[2K") } }
}
