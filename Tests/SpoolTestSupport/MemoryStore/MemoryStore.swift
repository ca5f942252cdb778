package import SpoolCore
import Synchronization

/// The spool as plain values: what the loops are tested against, and the model of their contract.
///
/// It keeps the promises of the protocols and refuses what the real spool refuses; the contract tests run
/// against both. It has no retention, and knows every stream that is named. It can also fail on request.
package final class MemoryStore: Sendable {
    package struct Spooled: Sendable {
        package let seq: Seq
        package let stream: StreamID
        package let event: Event
        /// The bytes of its record.
        package let raw: [UInt8]

        package init(seq: Seq, stream: StreamID, event: Event, raw: [UInt8] = []) {
            self.seq = seq
            self.stream = stream
            self.event = event
            self.raw = raw
        }
    }

    package struct Window: Sendable {
        package let id: WindowID
        package let stream: StreamID
        package let scan: Scan
        package var state: WindowState
        /// Where it ends, as of its last page.
        package var end: Timestamp
    }

    package struct Connection: Sendable {
        package let sink: SinkID
        /// What the receiver's kernel may hold unread.
        package let doubtBytes: Int64
        /// Bytes settled over it.
        package var settled: Int64 = 0
        /// How it ended; nil while it is open.
        package var clean: Bool?
    }

    package struct Mark: Sendable {
        package var isSet = false
        package var ends = 0
    }

    package struct Tables: Sendable {
        package var streams: [StreamID: StreamProgress] = [:]
        package var trouble: [StreamID: StreamTrouble] = [:]
        package var events: [Spooled] = []
        package var known: [StreamID: Set<String>] = [:]
        package var windows: [Window] = []
        /// The names of the streams that ad-hoc destinations may receive.
        package var names: [StreamID: StreamName] = [:]
        package var sinks: [SinkName: SinkID] = [:]
        /// Sinks that were removed while their loops still ran.
        package var removed: Set<SinkID> = []
        package var subscriptions: [SubscriptionID: (sink: SinkID, subscription: Subscription)] = [:]
        package var ledger: [(sink: SinkID, entry: LedgerEntry)] = []
        package var deadLetters: [SinkID: Set<Seq>] = [:]
        package var rates: [SinkID: Double] = [:]
        package var replays: [Replay] = []
        package var connections: [Connection] = []
        /// All reports of sinks, in order.
        package var reports: [SinkReport] = []
        package var marks: [PoisonMark: Mark] = [:]
        package var endedUncleanly = false
        package var pauses = false
        /// Errors of the next calls, by operation.
        package var faults: [Operation: [StoreError]] = [:]
        package var calls: [Operation: Int] = [:]
    }

    package enum Operation: Hashable, Sendable {
        case progress, begin, append, abandon, mustPause, batch, settle, opened, closed, subscriptions, move
        case report, pullBack, mark
    }

    private let tables = Mutex(Tables())
    /// Notified after every call.
    private let changed = ChangeSignal()

    package init() {}

    package func read<Value: Sendable>(_ body: (Tables) -> Value) -> Value { tables.withLock { body($0) } }

    package func edit(_ body: (inout Tables) -> Void) {
        tables.withLock { body(&$0) }
        changed.notify()
    }

    /// Makes the next calls of an operation fail.
    package func fail(_ operation: Operation, _ kind: StoreError.Kind, times: Int = 1) {
        edit { tables in
            let errors = Array(repeating: StoreError(kind, "scripted"), count: times)
            tables.faults[operation, default: []] += errors
        }
    }

    /// Runs a call, or fails with its scripted error; a body that fails must not have changed anything.
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
    package func until(_ condition: (Tables) -> Bool) async {
        while !Task.isCancelled {
            let version = changed.version
            if read(condition) { return }
            await changed.changed(after: version)
        }
    }
}
