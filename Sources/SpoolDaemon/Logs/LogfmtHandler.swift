import Foundation
package import Logging
import SpoolCore
import Synchronization

extension Logger {
    /// The logger of the program: logfmt on standard error, with `level` as the minimum.
    package static func spool(_ level: Logger.Level) -> Logger {
        Logger(label: "spool") { _ in LogfmtHandler(level: level) }
    }
}

/// Writes log lines in logfmt to standard error, one line per entry, whole lines only; never waits
/// (`LogWriter`).
///
/// Lines for systemd's journal are preceded by their priority.
///
/// `2026-11-23T22:14:15.003Z warning "delivery failed" sink=siem attempt=3 cause="…"`
package struct LogfmtHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    package init(level: Logger.Level) { logLevel = level }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
        LogWriter.standardError.write(Self.prefixed(event.level, event.message.description, facts))
    }

    /// A line with the current time, preceded by the priority if it goes to systemd's journal.
    static func prefixed(_ level: Logger.Level, _ message: String, _ facts: Logger.Metadata) -> String {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        return (JournalPrefix.isWanted ? JournalPrefix.text(level) : "") + line(now, level, message, facts)
    }

    static func line(
        _ time: Timestamp,
        _ level: Logger.Level,
        _ message: String,
        _ facts: Logger.Metadata
    ) -> String {
        var line = "\(time) \(level) \(quoted(message))"
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(quoted("\(value)"))" }
        return line
    }

    /// A logfmt value: without quotes if it is one plain word; control characters are escaped.
    static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                !" \"=\\".unicodeScalars.contains($0) && !PrintableText.isUnsafe($0)
            }
        if isPlain { return text }
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            default: result += PrintableText.escaped(String(character))
            }
        }
        return result + "\""
    }
}
