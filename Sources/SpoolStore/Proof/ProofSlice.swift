import GRDB
package import SpoolCore

/// A slice of a window's events on the stream's basis, with the delivery state of each at every sink.
package struct ProofSlice: Sendable {
    package struct Row: Sendable {
        package let seq: Seq
        package let id: String
        package let isReadable: Bool
        /// One for each requested sink.
        package fileprivate(set) var standings: [DeliveryStanding]
    }

    /// Where the next slice begins.
    package struct Place: Sendable, Equatable {
        fileprivate let time: Int64
        fileprivate let seq: Int64

        /// The beginning of a window.
        package init(from: Timestamp) {
            time = from.milliseconds
            seq = -1
        }

        fileprivate init(time: Int64, seq: Int64) {
            self.time = time
            self.seq = seq
        }
    }

    /// Rows per slice, about 20 ms.
    static let rows = 10_000

    package let rows: [Row]
    /// Nil after the last slice.
    package let next: Place?

    static let sql = """
        SELECT created_ms, seq, external_id, readable FROM event INDEXED BY event_created
        WHERE stream_id = ? AND created_ms >= ? AND created_ms < ? AND (created_ms > ? OR seq > ?)
        ORDER BY created_ms, seq LIMIT \(rows)
        """

    init(_ db: Database, _ stream: StreamID, at place: Place, to: Timestamp, _ targets: [ProofTarget]) throws
    {
        let statement = try RawStatement(db, Self.sql)
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(place.time, at: 2)
        statement.bind(to.milliseconds, at: 3)
        statement.bind(place.time, at: 4)
        statement.bind(place.seq, at: 5)
        var rows: [Row] = []
        var last = place
        while try statement.step() {
            last = Place(time: statement.int(0), seq: statement.int(1))
            rows.append(
                Row(
                    seq: Seq(statement.int(1)),
                    id: String(decoding: statement.text(2), as: UTF8.self),
                    isReadable: statement.int(3) != 0,
                    standings: []
                )
            )
        }
        next = rows.count < Self.rows ? nil : last
        let seqs = rows.map(\.seq.value)
        for target in targets {
            let standings = try Self.standings(db, of: seqs, target.sink, stream)
            for index in rows.indices { rows[index].standings.append(standings[index]) }
        }
        self.rows = rows
    }

    /// Those of these ids that the spool has, regardless of their time.
    static func rows(_ db: Database, _ ids: [String], of stream: StreamID, _ targets: [ProofTarget]) throws
        -> [Row]
    {
        let statement = try db.cachedStatement(
            sql: "SELECT seq, readable FROM event WHERE stream_id = ? AND external_id = ?"
        )
        var rows: [Row] = []
        for id in ids {
            guard let row = try GRDB.Row.fetchOne(statement, arguments: [stream.value, id]) else { continue }
            rows.append(Row(seq: Seq(row[0]), id: id, isReadable: row[1], standings: []))
        }
        let seqs = rows.map(\.seq.value)
        for target in targets {
            let standings = try standings(db, of: seqs, target.sink, stream)
            for index in rows.indices { rows[index].standings.append(standings[index]) }
        }
        return rows
    }

    static func standings(_ db: Database, of seqs: [Int64], _ sink: SinkID, _ stream: StreamID) throws
        -> [DeliveryStanding]
    {
        guard let first = seqs.min(), let last = seqs.max() else { return [] }
        var map = try StandingMap(db, sink: sink, stream: stream, range: first...last)
        return seqs.map { map.standing(of: $0) }
    }
}

/// The rows of `proof` and `proof_missing`.
package enum ProofRows {
    /// Maximum number of ids kept per stream, sink and cause.
    package static let most = 10_000
    /// Number of proofs kept: more than a year of daily audits.
    static let kept: Int64 = 500
    /// Maximum number of ids kept for all proofs together, about 15 MB; those of the oldest proof are deleted
    /// first.
    static let names = 100_000

    static func insert(_ db: Database, _ proof: Proof) throws -> Int64 {
        try db.execute(
            sql: """
                INSERT INTO proof (reason, state, from_ms, to_ms, started_ms, result)
                VALUES (?, ?, ?, ?, ?, '{}')
                """,
            arguments: [
                proof.reason.rawValue, proof.state.rawValue, proof.request.from.milliseconds,
                proof.request.to.milliseconds, proof.started.milliseconds,
            ]
        )
        var proof = proof
        proof.id = db.lastInsertedRowID
        try update(db, proof)
        try db.execute(sql: "DELETE FROM proof WHERE id <= ? AND is_open = 0", arguments: [proof.id - kept])
        return proof.id
    }

    static func update(_ db: Database, _ proof: Proof) throws {
        try db.execute(
            sql: """
                UPDATE proof SET state = ?, finished_ms = ?, events = ?, missing = ?, complete = ?, result = ?
                WHERE id = ?
                """,
            arguments: [
                proof.state.rawValue, proof.finished?.milliseconds, proof.events, proof.missing,
                proof.isComplete,
                try JSONColumn.text(proof), proof.id,
            ]
        )
    }

    /// Stores ids of events that a proof found missing, up to the limit; those of older proofs are deleted
    /// first.
    static func add(_ db: Database, _ missing: [MissingEvent], to proof: Int64, atMost names: Int = names)
        throws
    {
        guard !missing.isEmpty else { return }
        let kept = try Int.fetchOne(
            db,
            sql: "SELECT count(*) FROM proof_missing WHERE proof_id = ?",
            arguments: [proof]
        )
        let missing = missing.prefix(max(0, names - (kept ?? 0)))
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO proof_missing (proof_id, stream, sink, cause, external_id, seq)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        )
        for event in missing {
            try statement.execute(arguments: [
                proof, event.stream, event.sink ?? "", event.cause.rawValue, event.id,
                event.seq?.value,
            ])
        }
        while try Int.fetchOne(db, sql: "SELECT count(*) FROM proof_missing") ?? 0 > names {
            try db.execute(
                sql: "DELETE FROM proof_missing WHERE proof_id = (SELECT min(proof_id) FROM proof_missing)"
            )
        }
    }

    static func fetch(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [Proof]
    {
        try String.fetchAll(db, sql: "SELECT result FROM proof WHERE \(condition)", arguments: arguments)
            // A proof that another build has written and that this one cannot decode is omitted.
            .compactMap { JSONColumn.value(Proof.self, $0) }
    }

    static func missing(_ db: Database, _ proof: Int64) throws -> [MissingEvent] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT stream, sink, cause, external_id, seq FROM proof_missing WHERE proof_id = ?
                ORDER BY stream, sink, cause, external_id
                """,
            arguments: [proof]
        )
        .map { row in
            let sink: String = row[1]
            return MissingEvent(
                stream: row[0],
                sink: sink.isEmpty ? nil : sink,
                cause: MissingCause(rawValue: row[2]) ?? .unsettled,
                id: row[3],
                seq: (row[4] as Int64?).map { Seq($0) }
            )
        }
    }
}
