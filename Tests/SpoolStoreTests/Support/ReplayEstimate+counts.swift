import SpoolCore

extension ReplayEstimate {
    /// The counts of events alone.
    var counts: ReplayEstimate {
        var counts = self
        (counts.sinkRate, counts.seenRate, counts.holdings) = (nil, nil, [])
        return counts
    }
}
