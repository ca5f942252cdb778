import SpoolCore
import SpoolTestSupport

extension MemoryStore {
    /// Violations of the ledger's rules; empty if the loops work correctly.
    func findings(sink: SinkID = SinkID(1)) -> [String] {
        read { tables in
            var findings: [String] = []
            for (owner, subscription) in tables.subscriptions.values where owner == sink {
                let own = tables.events.filter { $0.stream == subscription.stream }.map(\.seq)
                let live = tables.ledger.filter {
                    $0.sink == sink && $0.entry.stream == subscription.stream && $0.entry.replay == nil
                }.map(\.entry)
                for seq in own where seq <= subscription.watermark {
                    let rows = live.count { $0.first <= seq && seq <= $0.last }
                    if rows != 1 { findings.append("event \(seq) has \(rows) live rows") }
                }
                for row in live where row.last > subscription.watermark {
                    findings.append("row \(row.first)-\(row.last) is above the watermark")
                }
            }
            for (_, row) in tables.ledger {
                let count = tables.events.count {
                    $0.stream == row.stream && $0.seq >= row.first && $0.seq <= row.last
                }
                if count != row.events {
                    findings.append(
                        "row \(row.first)-\(row.last) has \(row.events) events, but covers \(count)"
                    )
                }
            }
            return findings
        }
    }

    /// True when every event of every subscription of a sink has its final outcome.
    static func isDrained(_ tables: Tables, sink: SinkID = SinkID(1)) -> Bool {
        tables.subscriptions.values.filter { $0.sink == sink }.allSatisfy { _, subscription in
            (tables.events.last { $0.stream == subscription.stream }?.seq ?? Seq(0)) <= subscription.watermark
        }
    }
}
