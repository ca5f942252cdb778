import GRDB
import SpoolCore

/// Reads the `seq` of a stream's events in a time window, in slices and only from an index.
struct WindowQuery: Sendable {
    /// Rows per slice, about 20 ms: no read transaction is open longer than one second.
    static let slice = 200_000

    let stream: StreamID
    let basis: ReplayBasis
    let to: Timestamp
    /// The position in the index after which the next slice begins.
    private var time: Int64
    private var seq: Int64 = -1
    private(set) var isAtEnd = false

    init(of stream: StreamID, basis: ReplayBasis, from: Timestamp, to: Timestamp) {
        self.stream = stream
        self.basis = basis
        self.to = to
        time = from.milliseconds
    }

    static func sql(_ basis: ReplayBasis) -> String {
        let column = "\(basis.rawValue)_ms"
        return """
            SELECT \(column), seq FROM event INDEXED BY event_\(basis.rawValue)
            WHERE stream_id = ? AND \(column) >= ? AND \(column) < ? AND (\(column) > ? OR seq > ?)
            ORDER BY \(column), seq LIMIT \(slice)
            """
    }

    /// Passes on the next slice, in the order of time.
    mutating func next(_ db: Database, _ take: (Int64) -> Void) throws {
        let statement = try RawStatement(db, Self.sql(basis))
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(time, at: 2)
        statement.bind(to.milliseconds, at: 3)
        statement.bind(time, at: 4)
        statement.bind(seq, at: 5)
        var count = 0
        while try statement.step() {
            count += 1
            time = statement.int(0)
            seq = statement.int(1)
            take(seq)
        }
        isAtEnd = count < Self.slice
    }
}
