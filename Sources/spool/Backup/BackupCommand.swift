import ArgumentParser
import Foundation
import SpoolCore
import SpoolDaemon
import Synchronization

/// `spool backup`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Makes a whole copy of the spool while it is in use, and proves it.",
        discussion: """
            The copy is checked (SQLite's integrity check, and every event counted), synced, and only then given its \
            name; a file of that name is never replaced. With a daemon the daemon writes it: as its user, and where \
            its systemd unit lets it write (/var/lib/spool).

            Example: spool backup --to /var/lib/spool/backup.db
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Option(help: ArgumentHelp("The file to write.", valueName: "file")) var to: String
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let file = URL(fileURLWithPath: to).standardizedFileURL.path
        let screen = BackupScreen(isQuiet: json)
        try await ReplayFailure.translating {
            try await ReplayDesk.use(config, command: "spool backup") { desk in
                let notice =
                    desk.isDirect
                    ? "the backup was interrupted: \(file) was not made; \(file).partial can be deleted"
                    : "the daemon continues the backup; \(file) appears when it is complete"
                let report = try await Interruption.telling(notice) {
                    try await desk.backup(to: file) { screen.show($0) }
                }
                screen.end()
                if json { return Output.line(try JSONText.of(report)) }
                Output.line(
                    "\(report.file): \(ByteSize.text(report.bytes)), \(Count.text(report.events, "event")) up to seq "
                        + "\(report.lastSeq)"
                )
                Output.line(
                    "checked: \(Count.text(report.streams, "stream")), \(Count.text(report.ledgerRows, "ledger row")), "
                        + "every event with its record"
                )
            }
        }
    }
}

/// Shows how far a backup is: a line that is written over on a terminal, nothing elsewhere.
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
