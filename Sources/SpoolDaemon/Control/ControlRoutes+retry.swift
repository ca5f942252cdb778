import Hummingbird
import SpoolControl
import SpoolCore

extension ControlRoutes {
    /// `spool retry`.
    func addRetry(to router: Router<BasicRequestContext>) {
        on(RetryNow.self, router) { command in
            guard holder.role == .daemon else {
                throw ControlRefusal(
                    .cannotReach,
                    "No daemon runs on this spool: the command `\(holder.command)` (pid \(holder.pid)) holds it, and "
                        + "makes its own attempts."
                )
            }
            return try engine.retry(command.sink)
        }
    }
}

extension Engine {
    /// Ends the waits of a sink, or of all sinks and sources.
    func retry(_ sink: SinkName?) throws(ControlRefusal) -> RetryNow.Answer {
        let known = sources.sinks
        if let sink, !known.contains(sink) {
            throw ControlRefusal(
                .wrongUse,
                "There is no sink `\(sink)`; \(Listing.thereAre(known.map(\.text)))."
            )
        }
        let sinks = sink.map { [$0] } ?? known
        let names = sink == nil ? sources.names : []
        let waiting = bells.ring(sinks.map { .sink($0) } + names.map { .source($0) })
        if sink == nil { bells.ringAll() }
        return RetryNow.Answer(
            sinks: sinks.map { RetryNow.Part(name: $0.text, wasWaiting: waiting.contains(.sink($0))) },
            sources: names.map { RetryNow.Part(name: $0, wasWaiting: waiting.contains(.source($0))) }
        )
    }
}
