/// Accounts for every event of the demo, compared with the simulated portal's own list.
struct DemoAccount: Sendable, Equatable {
    /// Ids of the portal's records, all within the time range that the demo fetches.
    var held: Set<String>
    /// Ids that a page of the portal has contained.
    var shown: Set<String>
    /// Ids in the spool.
    var spooled: Set<String>
    /// How often each id reached the listener.
    var received: [String: Int]
    /// Ids that the replay sent again.
    var replayed: Set<String>
    /// The act that did not finish, as named in the picture.
    var unfinished: String?

    init(
        held: Set<String>,
        shown: Set<String>,
        spooled: Set<String>,
        received: [String: Int],
        replayed: Set<String>,
        unfinished: String? = nil
    ) {
        self.held = held
        self.shown = shown
        self.spooled = spooled
        self.received = received
        self.replayed = replayed
        self.unfinished = unfinished
    }

    /// Received more than once, not counting the replay.
    var duplicates: Int {
        received.reduce(0) { $0 + max(0, $1.value - 1 - (replayed.contains($1.key) ? 1 : 0)) }
    }

    /// The discrepancies as text; empty when nothing is missing and there are no duplicates.
    var faults: [String] {
        let delivered = Set(received.keys)
        let notAgain = replayed.count { received[$0, default: 0] < 2 }
        let findings: [(Int, String)] = [
            (held.subtracting(shown).count, "held by the portal and never shown"),
            (shown.subtracting(spooled).count, "shown by the portal and not spooled"),
            (spooled.subtracting(shown).count, "spooled and never shown by the portal"),
            (spooled.subtracting(delivered).count, "spooled and not delivered"),
            (delivered.subtracting(spooled).count, "delivered and not in the spool"),
            (notAgain, "replayed and not received again"),
            (duplicates, "received more often than sent"),
        ]
        return (unfinished.map { ["not finished: \($0)"] } ?? [])
            + findings.filter { $0.0 > 0 }.map { count, what in "\(count) \(what)" }
    }

    /// The demo's last line.
    var line: String {
        let facts =
            "shown by the source \(shown.count), spooled \(spooled.count), delivered \(received.count), "
            + "sent again on purpose \(replayed.count), duplicates \(duplicates)"
        return faults.isEmpty
            ? "every event is accounted for: \(facts)"
            : "NOT ACCOUNTED FOR: \(facts); \(faults.joined(separator: "; "))"
    }
}
