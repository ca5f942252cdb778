import SpoolCore

extension LaneBatch {
    /// Splits the batch around the events that must not be rendered, each of which becomes its own part.
    func split(burying trapped: [Int]) -> [CrashWatch.Part] {
        guard !trapped.isEmpty else { return [.send(self)] }
        var parts: [CrashWatch.Part] = []
        var next = 0
        for index in trapped {
            if next < index { parts.append(.send(part(next..<index))) }
            parts.append(.bury(part(index..<index + 1)))
            next = index + 1
        }
        if next < events.count { parts.append(.send(part(next..<events.count))) }
        return parts
    }

    /// Splits the batch into single events.
    func singly(burying trapped: [Int]) -> [CrashWatch.Part] {
        events.seqs.indices.map { index in
            let single = part(index..<index + 1)
            return trapped.contains(index) ? .bury(single) : .send(single)
        }
    }

    /// A part of its events; the last part covers the lane up to `through`.
    private func part(_ range: Range<Int>) -> LaneBatch {
        let last = Seq(events.seqs[range.upperBound - 1])
        return LaneBatch(
            lane: lane,
            events: events.part(range),
            through: range.upperBound == events.count ? through : last,
            epoch: epoch
        )
    }
}
