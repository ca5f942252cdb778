import SpoolCore

extension ReplayEstimate {
    /// Only the counts of events.
    var counts: ReplayEstimate {
        var counts = self
        (counts.sinkRate, counts.seenRate, counts.holdings) = (nil, nil, [])
        return counts
    }
}
