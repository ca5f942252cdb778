import GRDB
import SpoolCore

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
