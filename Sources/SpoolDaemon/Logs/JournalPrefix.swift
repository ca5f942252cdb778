import Foundation
import Logging

/// The priority prefix of a line on standard error, which systemd's journal removes and stores as the
/// priority (sd-daemon(3)), so that `journalctl -p warning` shows warnings.
enum JournalPrefix {
    /// `<4>` for a warning, and so on: the severities of syslog (RFC 5424, section 6.2.1).
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

    /// True if standard error is connected to the journal.
    ///
    /// systemd sets `JOURNAL_STREAM` to that stream; a program whose output is redirected inherits the
    /// variable as well (systemd.exec(5)).
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
