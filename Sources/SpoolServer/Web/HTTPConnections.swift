import NIOCore
import Synchronization

/// The open connections of a server, shared by its event loops.
final class HTTPConnections: Sendable {
    private let table: Mutex<ConnectionTable<any Channel>>
    private let (emptied, emptying) = AsyncStream<Void>.makeStream()

    init(limit: Int) { table = Mutex(ConnectionTable(limit: limit)) }

    /// Adds a connection, and closes the one that it replaces.
    ///
    /// - Returns: its number; nil if it must be closed.
    func admit(_ channel: any Channel) -> Int? {
        let (number, admission) = table.withLock { $0.admit(channel) }
        switch admission {
        case .admitted: return number
        case .inPlaceOf(let other):
            other.close(promise: nil)
            return number
        case .refused: return nil
        }
    }

    func answering(_ number: Int) { table.withLock { $0.answering(number) } }

    func waiting(_ number: Int) { table.withLock { $0.waiting(number) } }

    func left(_ number: Int) {
        let isLast = table.withLock { table in
            table.left(number)
            return table.isStopping && table.isEmpty
        }
        if isLast { emptying.finish() }
    }

    /// Closes the connections without a request in progress, and the others once they are answered; returns
    /// when all are closed, or when the task is cancelled.
    func drain() async {
        let (open, isEmpty) = table.withLock { table in
            table.stop()
            return (table.all, table.isEmpty)
        }
        if isEmpty { emptying.finish() }
        for channel in open {
            channel.eventLoop.execute {
                channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }
        }
        for await _ in emptied {}
    }

    /// Closes every connection.
    func close() {
        let open = table.withLock { table in
            table.stop()
            return table.all
        }
        for channel in open { channel.close(promise: nil) }
    }
}

/// The connections of a server, and which of them is closed for a new one.
///
/// It contains only decisions, and no socket.
struct ConnectionTable<Connection: Sendable>: Sendable {
    private struct Slot: Sendable {
        let connection: Connection
        /// The order in which connections began to wait; nil while a request is being answered.
        var waiting: UInt64?
    }

    /// The decision about a new connection.
    enum Admission: Sendable {
        case admitted
        /// It is admitted; close this one, which has waited longest for a request.
        case inPlaceOf(Connection)
        /// All connections have a request in progress, or the server is stopping: close the new one.
        case refused
    }

    let limit: Int
    private var slots: [Int: Slot] = [:]
    private var order: UInt64 = 0
    private var next = 0
    private(set) var isStopping = false

    init(limit: Int) { self.limit = limit }

    /// True if there are no connections.
    var isEmpty: Bool { slots.isEmpty }

    var all: [Connection] { slots.values.map(\.connection) }

    /// Adds a connection, which waits for its first request.
    ///
    /// - Returns: its number, and the decision.
    mutating func admit(_ connection: Connection) -> (number: Int, admission: Admission) {
        next += 1
        guard !isStopping else { return (next, .refused) }
        var evicted: Connection?
        if slots.count >= limit {
            let oldest = slots.filter { $0.value.waiting != nil }
                .min { ($0.value.waiting ?? 0) < ($1.value.waiting ?? 0) }
            guard let oldest else { return (next, .refused) }
            slots[oldest.key] = nil
            evicted = oldest.value.connection
        }
        order += 1
        slots[next] = Slot(connection: connection, waiting: order)
        return (next, evicted.map { .inPlaceOf($0) } ?? .admitted)
    }

    /// A complete request was received: the connection is kept until the request is answered.
    mutating func answering(_ number: Int) { slots[number]?.waiting = nil }

    /// The request was answered: the connection waits for the next one.
    mutating func waiting(_ number: Int) {
        order += 1
        slots[number]?.waiting = order
    }

    /// The connection was closed; has no effect if it had been replaced.
    mutating func left(_ number: Int) { slots[number] = nil }

    /// Stops admitting connections.
    mutating func stop() { isStopping = true }
}
