package import NIOCore

/// A listener for syslog that counts what comes, keeps what it is told to keep, and behaves badly on demand.
package final class Receiver: Sendable {
    /// The port it listens at, the same through every outage.
    package let port: Int
    private let sockets: ReceiverSockets
    private let record: ReceiverRecord

    private init(port: Int, sockets: ReceiverSockets, record: ReceiverRecord) {
        self.port = port
        self.sockets = sockets
        self.record = record
    }

    /// Starts listening; whoever starts a receiver stops it.
    package static func start(_ configuration: ReceiverConfiguration = .init()) async throws -> Receiver {
        let record = ReceiverRecord(configuration)
        let sockets = try ReceiverSockets(configuration, record)
        let port = try await sockets.listen(port: configuration.port)
        return Receiver(port: port, sockets: sockets, record: record)
    }

    /// Runs a receiver for as long as `body` runs.
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

    /// Stops listening and closes all connections; a peer whose data was not read is reset by the kernel.
    ///
    /// Messages that are being taken are waited for, and answered.
    package func stop() async {
        await sockets.close()
    }

    /// Listens again at the same port; counts and what was kept go on.
    package func restart() async throws {
        _ = try await sockets.listen(port: port)
    }

    /// False stops reading from all connections, and from those to come; true goes on.
    package func setReading(_ isReading: Bool) {
        sockets.setReading(isReading)
    }

    /// Changes how connections accepted from now on end.
    package func setEnding(_ ending: ConnectionEnding) {
        sockets.setEnding(ending)
    }

    /// What was counted so far.
    package var counts: ReceiverCounts { record.counts }

    /// How often each event's id came, if ids are kept.
    package var ids: [String: Int] { record.ids }

    /// The messages in the order they were read, if they are kept.
    package var messages: [ByteBuffer] { record.messages }

    /// The messages as text; bytes that are no UTF-8 are replaced.
    package var lines: [String] {
        record.messages.map { String(decoding: $0.readableBytesView, as: UTF8.self) }
    }

    /// The connections so far; the last 1000 of them.
    package var connections: [ReceivedConnection] { record.connections }

    /// Forgets ids and messages that were kept; counts stay.
    package func forget() {
        record.forget()
    }

    /// Returns once at least so many messages have come.
    package func waitFor(messages: Int) async throws {
        try await record.wait { $0.messages >= messages }
    }

    /// Returns once at least so many different ids have come.
    package func waitFor(ids: Int) async throws {
        try await record.wait { $0.ids >= ids }
    }

    /// Returns once the predicate holds, which is asked after each change; throws only when cancelled.
    package func waitUntil(_ predicate: @escaping @Sendable (ReceiverCounts) -> Bool) async throws {
        try await record.wait(predicate)
    }
}
