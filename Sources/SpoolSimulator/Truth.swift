/// The portal's data about one of its records.
package struct TruthRecord: Sendable, Hashable {
    /// Nil for a record that was inserted without one.
    package var id: String?
    /// The time at which the portal saved it.
    package var created: Int64
    /// The time at which it occurred.
    package var timestamp: Int64
    /// The time from which lists show it.
    package var visibleAt: Int64
    /// The number of pages that have contained it in a readable form.
    package var shown: Int
}

/// Selects records.
package struct TruthWindow: Sendable {
    /// The time that `fromMs` and `toMs` refer to.
    package enum Basis: String, Sendable {
        case created
        case date
    }

    /// The time that the bounds refer to.
    package var basis: Basis
    /// The first millisecond.
    package var fromMs: Int64
    /// The millisecond after the last.
    package var toMs: Int64

    /// All times unless bounds are given.
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
    /// The records of a window that lists show by now, in the order of their creation.
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
