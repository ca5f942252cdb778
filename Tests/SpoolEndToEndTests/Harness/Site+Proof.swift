import Foundation
import SpoolReceiver
import Testing

extension Site {
    /// Checks that every event which the ledger shows as delivered to a sink has arrived at least as often as
    /// rows cover it, and that each row counts the events of its stream in its range.
    func expectLedgerIsTrue(
        of sink: String,
        at receiver: Receiver,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let streams = Dictionary(grouping: try await events(), by: \.stream)
        var claims: [String: Int] = [:]
        var wrongCounts: [LedgerRow] = []
        let rows = try await ledger().filter { $0.sink == sink && $0.outcome == "delivered" }
        for row in rows {
            let covered = (streams[row.stream] ?? []).filter {
                $0.seq >= row.first_seq && $0.seq <= row.last_seq
            }
            if covered.count != row.events { wrongCounts.append(row) }
            for event in covered { claims[event.id, default: 0] += 1 }
        }
        let came = receiver.ids
        let untrue = claims.filter { came[$0.key, default: 0] < $0.value }
        #expect(!rows.isEmpty, sourceLocation: sourceLocation)
        #expect(wrongCounts.isEmpty, sourceLocation: sourceLocation)
        #expect(untrue.isEmpty, "shown as delivered, but never arrived", sourceLocation: sourceLocation)
    }

    /// Sends the events again that the ledger does not show as delivered, and waits for the end.
    func replayMissing() async throws -> Answer {
        try await spool("replay", "--from", "4d", "--to", "0s", "--missing-only", "--yes", "--wait")
    }

    /// The replays that `spool replay list --json` shows, newest first.
    func replays() async throws -> [ListedReplay] {
        let answer = try await spool("replay", "list", "--json")
        guard answer.code == 0 else { throw HarnessFailure("spool replay list: \(answer)") }
        return try JSONDecoder().decode([ListedReplay].self, from: Data(answer.output.utf8))
    }

    /// The only replay.
    func onlyReplay() async throws -> ListedReplay {
        let all = try await replays()
        guard let first = all.first, all.count == 1 else { throw HarnessFailure("\(all.count) replays") }
        return first
    }

    /// The last event that a replay may send, for each of its streams.
    func bounds(ofReplay id: Int64) async throws -> [String: Int64] {
        try await seqs(
            """
            SELECT t.name, r.last_seq AS seq FROM replay_stream r JOIN stream t ON t.id = r.stream_id
            WHERE r.replay_id = \(id)
            """
        )
    }

    /// The watermark of each stream at a sink.
    func watermarks(of sink: String) async throws -> [String: Int64] {
        try await subscriptions("watermark_seq", of: sink)
    }

    /// The event after which a sink's delivery of each stream began.
    func starts(of sink: String) async throws -> [String: Int64] {
        try await subscriptions("start_seq", of: sink)
    }

    private func subscriptions(_ column: String, of sink: String) async throws -> [String: Int64] {
        try await seqs(
            """
            SELECT t.name, s.\(column) AS seq
            FROM subscription s JOIN stream t ON t.id = s.stream_id JOIN sink k ON k.id = s.sink_id
            WHERE k.name = '\(sink)'
            """
        )
    }

    /// One event of each stream.
    private func seqs(_ sql: String) async throws -> [String: Int64] {
        struct Row: Decodable {
            let name: String
            let seq: Int64
        }
        let rows = try await query(sql, as: Row.self)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.seq) })
    }
}

/// A replay as decoded from `--json`.
struct ListedReplay: Decodable, Sendable {
    let id: Int64
    let sink: String
    var destination: String?
    let state: String
    let total: Int
    let sent: Int
    let missing_only: Bool
}

/// A window of whole seconds between two ages, and its text form for commands.
struct AgeWindow: Sendable {
    let from: Int64
    let to: Int64

    /// Creates a window between two numbers of hours before `now`.
    init(hours from: Double, to: Double, before now: Int64) {
        self.from = (now - Int64(from * 3_600_000)) / 1_000 * 1_000
        self.to = (now - Int64(to * 3_600_000)) / 1_000 * 1_000
    }

    func contains(_ event: SpooledEvent) -> Bool { event.occurred >= from && event.occurred < to }

    var fromText: String { Self.text(from) }
    var toText: String { Self.text(to) }

    static func text(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds / 1_000)).formatted(.iso8601)
    }
}
