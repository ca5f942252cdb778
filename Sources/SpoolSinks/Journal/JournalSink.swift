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
