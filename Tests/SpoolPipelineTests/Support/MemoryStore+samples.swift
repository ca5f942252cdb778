import SpoolCore
import SpoolTestSupport

extension MemoryStore {
    /// Adds a subscription of a sink, named `siem` if it is the first, to a stream, from its start.
    func subscribe(_ id: Int64, sink: Int64 = 1) {
        edit { tables in
            let subscription = Sample.subscription(id)
            tables.subscriptions[SubscriptionID(id)] = (SinkID(sink), subscription)
            tables.names[subscription.stream] = subscription.name
            tables.sinks[SinkName(sink == 1 ? "siem" : "sink\(sink)")] = SinkID(sink)
        }
    }

    /// Spools events of a stream directly.
    @discardableResult
    func spool(_ count: Int, stream: Int64 = 1, occurred: Timestamp = Sample.now) -> [Seq] {
        var seqs: [Seq] = []
        edit { tables in
            for _ in 0..<count {
                let seq = Seq((tables.events.last?.seq.value ?? 0) + 1)
                let event = Sample.event("e\(seq)", created: occurred)
                tables.events.append(Spooled(seq: seq, stream: StreamID(stream), event: event))
                seqs.append(seq)
            }
        }
        return seqs
    }
}
