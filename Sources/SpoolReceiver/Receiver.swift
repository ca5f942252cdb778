package import NIOCore

/// A syslog listener that counts messages, optionally keeps them, and can be made to misbehave.
package final class Receiver: Sendable {
    /// The port it listens on; it stays the same across outages.
    package let port: Int
    private let sockets: ReceiverSockets
    private let record: ReceiverRecord

    private init(port: Int, sockets: ReceiverSockets, record: ReceiverRecord) {
        self.port = port
        self.sockets = sockets
        self.record = record
    }

    /// Starts listening; the caller has to stop the receiver.
    package static func start(_ configuration: ReceiverConfiguration = .init()) async throws -> Receiver {
        let record = ReceiverRecord(configuration)
        let sockets = try ReceiverSockets(configuration, record)
        let port = try await sockets.listen(port: configuration.port)
        return Receiver(port: port, sockets: sockets, record: record)
    }

    /// Runs a receiver while `body` runs.
    package static func run<Result: Sendable>(
        _ configuration: ReceiverConfiguration = .init(),
        _ body: (Receiver) async throws -> Result
    ) async throws -> Result {
        let receiver = try await start(configuration)
        do {
            let result = try await body(receiver)
            await receiver.stop()
            return result
        } catch {
            await receiver.stop()
            throw error
        }
    }

    /// Stops listening and closes all connections; the kernel resets peers whose data was not read.
    ///
    /// Messages that are being handled are waited for and answered.
    package func stop() async {
        await sockets.close()
    }

    /// Listens again on the same port; counts and kept messages are preserved.
    package func restart() async throws {
        _ = try await sockets.listen(port: port)
    }

    /// False stops reading from all current and future connections; true resumes.
    package func setReading(_ isReading: Bool) {
        sockets.setReading(isReading)
    }

    /// Changes how connections that are accepted from now on end.
    package func setEnding(_ ending: ConnectionEnding) {
        sockets.setEnding(ending)
    }

    /// The counts so far.
    package var counts: ReceiverCounts { record.counts }

    /// How often each event's id was received, if ids are kept.
    package var ids: [String: Int] { record.ids }

    /// The messages in the order in which they were read, if they are kept.
    package var messages: [ByteBuffer] { record.messages }

    /// The messages as text; bytes that are not UTF-8 are replaced.
    package var lines: [String] {
        record.messages.map { String(decoding: $0.readableBytesView, as: UTF8.self) }
    }

    /// The last 1000 connections.
    package var connections: [ReceivedConnection] { record.connections }

    /// Deletes kept ids and messages, but not the counts.
    package func forget() {
        record.forget()
    }

    /// Returns once at least this many messages have been received.
    package func waitFor(messages: Int) async throws {
        try await record.wait { $0.messages >= messages }
    }

    /// Returns once at least this many different ids have been received.
    package func waitFor(ids: Int) async throws {
        try await record.wait { $0.ids >= ids }
    }

    /// Returns once the predicate holds, which is evaluated after each change; throws only when cancelled.
    package func waitUntil(_ predicate: @escaping @Sendable (ReceiverCounts) -> Bool) async throws {
        try await record.wait(predicate)
    }
}
