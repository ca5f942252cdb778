import ArgumentParser
import Foundation
import SpoolCore
import SpoolDaemon

/// `spool manual FOLDER`, called by `make install`: generates manual pages from the definitions of the
/// commands.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Writes the manual pages into a folder.",
        shouldDisplay: false
    )

    @Argument(help: "Existing folder to write to.", completion: .directory) var folder: String

    func run() throws {
        let pages = ManualPage.all(try CommandTree.current(), date: Self.today)
        for page in pages {
            let file = URL(fileURLWithPath: folder).appendingPathComponent("\(page.name).1")
            try NewFile(path: file.path, permissions: 0o644, replaces: true).write(page.text)
        }
    }

    /// The date in the form that mdoc(7) requires: `November 24, 2026`.
    private static var today: String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let date = CalendarDate(SystemTime.now())
        return "\(months[date.month - 1]) \(date.day), \(date.year)"
    }
}
