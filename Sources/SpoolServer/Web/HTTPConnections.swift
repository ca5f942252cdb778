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
