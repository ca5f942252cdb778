/// A set of `seq` as sorted, disjoint ranges, for lookups in nearly ascending order.
struct SeqRanges: Sendable, Equatable {
    private var starts: [Int64] = []
    private var ends: [Int64] = []
    /// The range found last: events of a window are near each other in `seq`.
    private var hint = 0

    var isEmpty: Bool { starts.isEmpty }

    /// Accepts ranges in any order, overlapping or not; ends are inclusive.
    init(_ ranges: [ClosedRange<Int64>] = []) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let end = ends.last, range.lowerBound <= end {
                ends[ends.count - 1] = max(end, range.upperBound)
            } else {
                starts.append(range.lowerBound)
                ends.append(range.upperBound)
            }
        }
    }

    /// The last `seq` of the range that contains this one; nil when none does.
    mutating func end(around seq: Int64) -> Int64? {
        guard !starts.isEmpty else { return nil }
        if starts[hint] > seq || ends[hint] < seq {
            var (low, high) = (0, starts.count)
            while low < high {
                let middle = (low + high) / 2
                if starts[middle] <= seq { low = middle + 1 } else { high = middle }
            }
            guard low > 0 else { return nil }
            hint = low - 1
        }
        return starts[hint] <= seq && seq <= ends[hint] ? ends[hint] : nil
    }

    mutating func contains(_ seq: Int64) -> Bool { end(around: seq) != nil }
}
