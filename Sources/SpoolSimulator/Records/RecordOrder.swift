/// The time by which lists are sorted.
enum SortField: String, Sendable {
    case date
    case created

    func time(of entry: RecordEntry) -> Int64 {
        switch self {
        case .date: entry.timestamp
        case .created: entry.created
        }
    }
}

/// Indices of records in the order of one of their times, updated only on demand.
struct RecordOrder: Sendable {
    let field: SortField
    private(set) var places: [UInt32] = []

    init(by field: SortField) {
        self.field = field
    }

    /// Adds the records that arrived since the last call.
    mutating func absorb(_ entries: [RecordEntry]) {
        guard places.count < entries.count else { return }
        let field = field
        func key(_ place: UInt32) -> Int64 { field.time(of: entries[Int(place)]) }
        let fresh = (UInt32(places.count)..<UInt32(entries.count)).sorted {
            (key($0), $0) < (key($1), $1)
        }
        // Only the part after the earliest new record has to be merged.
        let start = firstPosition(atOrAfter: key(fresh[0]) + 1, in: entries)
        let tail = places[start...]
        var merged: [UInt32] = []
        merged.reserveCapacity(tail.count + fresh.count)
        var old = tail.startIndex
        for place in fresh {
            while old < tail.endIndex, key(tail[old]) <= key(place) {
                merged.append(tail[old])
                old += 1
            }
            merged.append(place)
        }
        merged.append(contentsOf: tail[old...])
        places.replaceSubrange(start..., with: merged)
    }

    /// Positions whose records lie within the bounds, both inclusive.
    func positions(from lower: Int64, to upper: Int64, in entries: [RecordEntry]) -> Range<Int> {
        let start = firstPosition(atOrAfter: lower, in: entries)
        let end = upper == .max ? places.count : firstPosition(atOrAfter: upper + 1, in: entries)
        return start..<max(start, end)
    }

    private func firstPosition(atOrAfter time: Int64, in entries: [RecordEntry]) -> Int {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if field.time(of: entries[Int(places[middle])]) < time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
