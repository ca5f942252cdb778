import SpoolConfig
import SpoolControl
package import SpoolCore
package import SpoolStore

extension SpoolSession {
    /// Sends dead letters of a sink again, as a replay of exactly these events.
    package func requeue(_ events: [Seq], of sink: SinkName) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(RequeueDeadLetters(events, of: sink))
        case .standalone(let alone): try await alone.spool.requeue(events, to: sink, at: SystemTime.now())
        }
    }

    /// Dismisses dead letters of a sink.
    ///
    /// - Returns: how many were dismissed by this call.
    package func dismiss(_ events: [Seq], of sink: SinkName) async throws -> Int {
        switch self {
        case .daemon(let client): try await client.send(DismissDeadLetters(events, of: sink))
        case .standalone(let alone): try await alone.spool.dismiss(events, of: sink, at: SystemTime.now())
        }
    }

    /// The dead letters of one sink or of all sinks, ordered by sink; read without the daemon and without the
    /// lock.
    package static func deadLetters(spool path: String, of sink: SinkName?) async throws(StoreError)
        -> [DeadLetter]
    {
        let spool = try Spool.openReadOnly(path: path)
        let sinks = try await spool.status().sinks.map(\.name)
        var found: [DeadLetter] = []
        for name in sinks where sink == nil || sink == name {
            var after = Seq(0)
            while true {
                let slice = try await spool.deadLetters(of: name, after: after)
                found += slice
                guard let last = slice.last else { break }
                after = last.seq
            }
        }
        return found
    }
}
