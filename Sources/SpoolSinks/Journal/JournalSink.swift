import Foundation
import SpoolCore
import SpoolNetwork

/// Sends notifications to systemd's journal, with structured fields.
struct JournalSink: Sink {
    static let standardSocket = "/run/systemd/journal/socket"

    let name: SinkName
    let type = "journald"
    let socket: String

    var address: String { "unix:\(socket)" }
    var needsRaw: Bool { true }
    var batchLimit: BatchLimit { BatchLimit(events: 100) }
    /// Sent entries are in a queue that outlives the journal's process, because systemd holds its socket.
    var doubt: KernelDoubt { .none }

    func open() async throws(SinkFault) -> any SinkSession {
        do throws(UnixDatagramSocket.Failure) {
            return JournalSession(try UnixDatagramSocket.connected(to: socket), socket: socket)
        } catch {
            throw Self.fault(error, socket)
        }
    }

    func rehearse(_ batch: EventBatch) {
        for record in batch.notificationRecords { _ = record.map(JournalEntry.bytes) }
    }

    static func fault(_ failure: UnixDatagramSocket.Failure, _ socket: String) -> SinkFault {
        let what =
            switch failure {
            case .full, .tooLarge: "the journal at \(socket) does not read its socket; is it overloaded?"
            case .failed(let words):
                "the journal at \(socket) cannot be reached (\(words)); is systemd-journald running, and can "
                    + "this user write to its socket?"
            }
        return SinkFault(.unreachable, what)
    }
}

/// One connection to the journal's socket.
final class JournalSession: SinkSession {
    let settlements: AsyncStream<Settlement>
    private let connection: UnixDatagramSocket
    private let socket: String
    private let report = StreamReport()

    init(_ connection: UnixDatagramSocket, socket: String) {
        self.connection = connection
        self.socket = socket
        settlements = report.settlements
    }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        try await report.gate.enter(0)
        var runs: [OutcomeRun] = []
        var bytes = 0
        for record in batch.notificationRecords {
            let outcome: Outcome
            do throws(UnixDatagramSocket.Failure) {
                if let record {
                    let entry = JournalEntry.bytes(record)
                    try connection.send(entry)
                    bytes += entry.count
                    outcome = .delivered(.kernel)
                } else {
                    outcome = .refused(.noNotification)
                }
            } catch .tooLarge {
                outcome = .refused(
                    Refusal(
                        reason: "too-large",
                        detail: "spool could not send it: it is larger than the maximum datagram size",
                        isLocal: true
                    )
                )
            } catch {
                let fault = JournalSink.fault(error, socket)
                report.over(fault)
                throw fault
            }
            runs.append(OutcomeRun(count: 1, outcome: outcome))
        }
        report.settled([SettledBatch(batch: number, runs: runs, bytes: bytes)])
    }

    func finish(timeout: Duration) async { report.over(nil) }

    func close() async {
        report.over(SinkFault(.unreachable, "spool stopped sending to the journal"))
    }
}

extension EventBatch {
    /// The notifications of the batch; nil for an event that is not a notification.
    var notificationRecords: [NotificationRecord?] {
        let decoder = JSONDecoder()
        return (0..<count).map { index in
            let raw = Data(text[range(of: .raw, at: index)])
            return try? decoder.decode(NotificationRecord.self, from: raw)
        }
    }
}

extension Refusal {
    /// Sinks that take only notifications never receive the content of an event.
    static let noNotification = Refusal(
        reason: "unrenderable",
        detail: "spool did not send it: it is not a notification",
        isLocal: true
    )
}

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

/// The settings of a journald sink: the socket, if it is not systemd's default.
struct JournalSettings: Sendable, Equatable {
    var socket = JournalSink.standardSocket

    /// Reads the keys of a journald sink; nil after adding problems if one is invalid.
    init?(_ group: inout ConfigurationMapping, _ problems: ConfigurationProblems) {
        guard let node = group.take("socket") else { return }
        guard let text = node.text(problems) else { return nil }
        guard text.hasPrefix("/"), text.utf8.count < 108 else {
            problems.add(
                "expected the path of a socket, such as `\(JournalSink.standardSocket)`, found `\(text)`",
                at: node
            )
            return nil
        }
        socket = text
    }
}
