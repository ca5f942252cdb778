import Foundation
import Logging

/// The priority in front of a line on standard error, which systemd's journal takes off and files the line under
/// (sd-daemon(3)): what makes `journalctl -p warning` show warnings.
enum JournalPrefix {
    /// `<4>` for a warning, and so on, by the priorities of syslog (RFC 5424, section 6.2.1).
    static func text(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "<7>"
        case .info: "<6>"
        case .notice: "<5>"
        case .warning: "<4>"
        case .error: "<3>"
        case .critical: "<2>"
        }
    }

    /// True when standard error leads to the journal; systemd names that stream in `JOURNAL_STREAM`, and a program
    /// whose output was sent elsewhere meanwhile inherits the variable all the same (systemd.exec(5)).
    static let isWanted: Bool = {
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return false }
        return isJournal(
            ProcessInfo.processInfo.environment["JOURNAL_STREAM"],
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino)
        )
    }()

    static func isJournal(_ stream: String?, device: UInt64, inode: UInt64) -> Bool {
        stream == "\(device):\(inode)"
    }
}
