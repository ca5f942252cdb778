import Foundation
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolSinks

/// Sends notifications to a socket like that of systemd's journal.
struct JournalSinkTests {
    @Test(
        "an entry has message, priority, message id and its own fields, in the native protocol's format"
    )
    func entry() async throws {
        let folder = try TemporaryFolder()
        let journal = try JournalSocket(path: folder.path("socket"))
        let session = try await JournalSink(name: SinkName("journal"), socket: folder.path("socket")).open()

        let records = [
            NotificationSamples.record(), NotificationSamples.record(.cleared, message: "Two\nlines."),
        ]
        try await session.send(try NotificationSamples.batch(records), number: 0)
        await session.finish(timeout: .seconds(1))
        let story = await Story(of: session)

        let (first, second) = (try journal.receive(), try journal.receive())
        #expect(first["MESSAGE"] == "SIEM agent error: siem: Disconnected for 13h.")
        #expect(first["PRIORITY"] == "2")
        #expect(first["MESSAGE_ID"] == JournalEntry.raisedID)
        #expect(first["SYSLOG_IDENTIFIER"] == "spool")
        #expect(first["SPOOL_CODE"] == "SIEM agent error")
        #expect(first["SPOOL_SUBJECT"] == "siem")
        #expect(first["SPOOL_STATE"] == "raised")
        #expect(first["SPOOL_SEVERITY"] == "critical")
        #expect(second["MESSAGE"] == "SIEM agent error cleared: siem: resolved after 1h. It was: Two\nlines.")
        #expect(second["PRIORITY"] == "5")
        #expect(second["MESSAGE_ID"] == JournalEntry.clearedID)
        #expect(first["SPOOL_ID"] != second["SPOOL_ID"])
        #expect(story.isFinished)
        #expect(story.settled.flatMap(\.runs).map(\.outcome) == [.delivered(.kernel), .delivered(.kernel)])
    }

    @Test("an event that is not a notification is refused, and nothing of it is sent")
    func noContent() async throws {
        let folder = try TemporaryFolder()
        let journal = try JournalSocket(path: folder.path("socket"))
        let session = try await JournalSink(name: SinkName("journal"), socket: folder.path("socket")).open()

        try await session.send(batch(1...1), number: 0)
        await session.finish(timeout: .seconds(1))

        let outcomes = await Story(of: session).settled.flatMap(\.runs).map(\.outcome)
        #expect(outcomes == [.refused(.noNotification)])
        #expect(throws: POSIXError.self) { _ = try journal.receive() }
    }

    @Test("a journal that is missing, or does not read, is a fault of the sink")
    func faults() async throws {
        let folder = try TemporaryFolder()
        let sink = JournalSink(name: SinkName("journal"), socket: folder.path("socket"))
        let absent = await fault { () async throws(SinkFault) in _ = try await sink.open() }

        let journal = try JournalSocket(path: folder.path("socket"))
        let session = try await sink.open()
        var full: SinkFault?
        for number in 0..<10_000 where full == nil {
            let batch = try NotificationSamples.batch([NotificationSamples.record()])
            full = await fault { () async throws(SinkFault) in try await session.send(batch, number: number) }
        }
        let story = await Story(of: session)

        #expect(absent?.kind == .unreachable)
        #expect(absent?.description.contains("is systemd-journald running") == true)
        #expect(full?.kind == .unreachable)
        #expect(full?.description.contains("does not read its socket") == true)
        #expect(story.fault == full)
        withExtendedLifetime(journal) {}
    }
}

/// A datagram socket that parses the journal's native protocol.
private final class JournalSocket {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
    }

    deinit { close(descriptor) }

    /// The fields of the next entry, which must have been sent already.
    func receive() throws -> [String: String] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count >= 0 else { throw POSIXError(.EAGAIN) }
        var rest = buffer[..<count]
        var fields: [String: String] = [:]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[rest.startIndex..<end]
            rest = rest[(end + 1)...]
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                fields[String(decoding: line[..<equals], as: UTF8.self)] = String(
                    decoding: line[(equals + 1)...],
                    as: UTF8.self
                )
            } else {
                let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                let value = rest.dropFirst(8).prefix(length)
                fields[String(decoding: line, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
                rest = rest.dropFirst(8 + length + 1)
            }
        }
        return fields
    }
}
