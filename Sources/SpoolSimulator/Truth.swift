/// What the portal knows of one of its records.
package struct TruthRecord: Sendable, Hashable {
    /// Nil for a record that was brought without one.
    package var id: String?
    /// When the portal saved it.
    package var created: Int64
    /// When it happened.
    package var timestamp: Int64
    /// From when on lists show it.
    package var visibleAt: Int64
    /// How many pages have held it so that it could be read.
    package var shown: Int
}

/// Which records are asked for.
package struct TruthWindow: Sendable {
    /// The time that `fromMs` and `toMs` are about.
    package enum Basis: String, Sendable {
        case created
        case date
    }

    /// The time that the bounds are about.
    package var basis: Basis
    /// First millisecond.
    package var fromMs: Int64
    /// The millisecond after the last.
    package var toMs: Int64

    /// All of time unless bounds are given.
    package init(_ basis: Basis = .created, fromMs: Int64 = .min, toMs: Int64 = .max) {
        self.basis = basis
        self.fromMs = fromMs
        self.toMs = toMs
    }

    func holds(_ entry: RecordEntry) -> Bool {
        let time = basis == .created ? entry.created : entry.timestamp
        return time >= fromMs && time < toMs
    }
}

extension RecordShelf {
    /// The records of a window that lists show by now, in the order they came to be.
    func truth(_ window: TruthWindow, now: Int64) -> [TruthRecord] {
        entries.filter { $0.visibleAt <= now && window.holds($0) }.map { entry in
            TruthRecord(
                id: id(of: entry),
                created: entry.created,
                timestamp: entry.timestamp,
                visibleAt: entry.visibleAt,
                shown: Int(entry.shown)
            )
        }
    }
}
