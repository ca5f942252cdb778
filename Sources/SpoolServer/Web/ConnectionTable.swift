/// Which connections a server has, and which of them is given up for a new one.
///
/// A pure decision: it holds no socket.
struct ConnectionTable<Connection: Sendable>: Sendable {
    private struct Slot: Sendable {
        let connection: Connection
        /// Grows with every change to waiting; nil while a request is being answered.
        var waiting: UInt64?
    }

    /// What becomes of a new connection.
    enum Admission: Sendable {
        case admitted
        /// It is admitted, and this one, which has waited longest for a request, is to be closed.
        case inPlaceOf(Connection)
        /// Every connection is being answered, or the server is stopping: close the new one.
        case refused
    }

    let limit: Int
    private var slots: [Int: Slot] = [:]
    private var order: UInt64 = 0
    private var next = 0
    private(set) var isStopping = false

    init(limit: Int) { self.limit = limit }

    /// True when no connection is left.
    var isEmpty: Bool { slots.isEmpty }

    var all: [Connection] { slots.values.map(\.connection) }

    /// Takes a connection in; it waits for its first request.
    ///
    /// - Returns: its number, and what it means for the others.
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

    /// A whole request has come: the connection keeps its place until it is answered.
    mutating func answering(_ number: Int) { slots[number]?.waiting = nil }

    /// It was answered: the connection waits for its next request.
    mutating func waiting(_ number: Int) {
        order += 1
        slots[number]?.waiting = order
    }

    /// It was closed; one that had been given up changes nothing.
    mutating func left(_ number: Int) { slots[number] = nil }

    /// From now on none is admitted.
    mutating func stop() { isStopping = true }
}
