import SpoolCore
import Synchronization

/// The spool as plain values: the contract of the loops, and the model against which they are checked.
///
/// It implements the contracts exactly and refuses what the real spool refuses: a watermark that passes an
/// event without an outcome is `.invalid`. It can also fail on request.
final class MemoryStore: Sendable {
    struct Spooled: Sendable {
        let seq: Seq
        let stream: StreamID
        let event: Event
    }

    struct Tables: Sendable {
        var streams: [StreamID: StreamProgress] = [:]
        var trouble: [StreamID: StreamTrouble] = [:]
        var events: [Spooled] = []
        var known: [StreamID: Set<String>] = [:]
        var windows: [(id: WindowID, stream: StreamID, scan: Scan, state: WindowState)] = []
        var subscriptions: [SubscriptionID: (sink: SinkID, subscription: Subscription)] = [:]
        var ledger: [(sink: SinkID, entry: LedgerEntry)] = []
        var deadLetters: [SinkID: Set<Seq>] = [:]
        var replays: [Replay] = []
        var connections: [(sink: SinkID, clean: Bool?)] = []
        /// All reports of sinks, in order.
        var reports: [SinkReport] = []
        var pauses = false
        /// Errors of the next calls, by operation.
        var faults: [Operation: [StoreError]] = [:]
        var calls: [Operation: Int] = [:]
    }

    enum Operation: Hashable {
        case progress, begin, append, abandon, mustPause, batch, settle, opened, closed, subscriptions, move
        case report, pullBack
    }

    let tables = Mutex(Tables())
    /// Notified after every call.
    let changed = Signal()

    func read<Value: Sendable>(_ body: (Tables) -> Value) -> Value { tables.withLock { body($0) } }

    func edit(_ body: (inout Tables) -> Void) {
        tables.withLock { body(&$0) }
        changed.notify()
    }

    /// Makes the next calls of an operation fail.
    func fail(_ operation: Operation, _ kind: StoreError.Kind, times: Int = 1) {
        edit { tables in
            let errors = Array(repeating: StoreError(kind, "scripted"), count: times)
            tables.faults[operation, default: []] += errors
        }
    }

    /// Runs a call, or fails with its scripted error.
    func call<Value: Sendable>(
        _ operation: Operation,
        _ body: (inout Tables) -> Result<Value, StoreError>
    ) throws(StoreError) -> Value {
        let result = tables.withLock { tables -> Result<Value, StoreError> in
            tables.calls[operation, default: 0] += 1
            if var faults = tables.faults[operation], !faults.isEmpty {
                let error = faults.removeFirst()
                tables.faults[operation] = faults
                return .failure(error)
            }
            return body(&tables)
        }
        changed.notify()
        return try result.get()
    }

    /// Waits until the tables satisfy a condition.
    func until(_ condition: (Tables) -> Bool) async {
        while !Task.isCancelled {
            let version = changed.version
            if read(condition) { return }
            await changed.changed(after: version)
        }
    }

    // MARK: Setting up

    /// Adds a subscription of a sink to a stream, from its start.
    func subscribe(_ id: Int64, sink: Int64 = 1) {
        edit { $0.subscriptions[SubscriptionID(id)] = (SinkID(sink), Sample.subscription(id)) }
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
