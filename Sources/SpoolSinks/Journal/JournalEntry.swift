import SpoolCore

/// A notification as an entry of the journal's native protocol.
///
/// systemd.io, "Native Journal Protocol"; `systemd.journal-fields(7)`.
enum JournalEntry {
    /// `journalctl MESSAGE_ID=…` finds all raised notifications.
    static let raisedID = "5f0b1c7c1c0e4f2f8a5d0c6e9b7a3d11"
    /// `journalctl MESSAGE_ID=…` finds all cleared notifications.
    static let clearedID = "5f0b1c7c1c0e4f2f8a5d0c6e9b7a3d12"

    static func bytes(_ record: NotificationRecord) -> [UInt8] {
        let fields = [
            ("MESSAGE", "\(record.title): \(record.text)"),
            ("PRIORITY", String(priority(record))),
            ("MESSAGE_ID", record.state == .raised ? raisedID : clearedID),
            ("SYSLOG_IDENTIFIER", "spool"),
            ("SPOOL_ID", record.id),
            ("SPOOL_STATE", record.state.rawValue),
            ("SPOOL_CODE", record.code),
            ("SPOOL_SUBJECT", record.subject),
            ("SPOOL_SEVERITY", record.severity),
            ("SPOOL_RAISED", record.raised.description),
        ]
        // Without escaping, `journalctl` would show a value with control characters as a blob.
        return fields.flatMap { field($0, PrintableText.escapedLines($1)) }
    }

    /// Levels of `syslog(3)`: 2 critical, 3 error, 4 warning, 5 notice, 6 informational.
    private static func priority(_ record: NotificationRecord) -> Int {
        switch (record.state, record.severity) {
        case (.cleared, _): 5
        case (_, "critical"): 2
        case (_, "error"): 3
        case (_, "warning"): 4
        default: 6
        }
    }

    /// A value that contains a line end is preceded by its length as a 64-bit little-endian integer.
    private static func field(_ name: String, _ value: String) -> [UInt8] {
        let bytes = Array(value.utf8)
        guard bytes.contains(UInt8(ascii: "\n")) else { return Array("\(name)=".utf8) + bytes + [0x0A] }
        let length = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) }
        return Array("\(name)\n".utf8) + length + bytes + [0x0A]
    }
}
