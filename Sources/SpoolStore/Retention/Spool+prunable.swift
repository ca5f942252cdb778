import GRDB
package import SpoolCore

extension Spool {
    /// Number of events that `prune` would delete because of their age, by stream; deletes nothing.
    ///
    /// Reads in slices. `now` is the time that each stream's source has reported; a configured stream without
    /// it is omitted. `wall` is the local clock.
    package func prunable(now: [StreamID: SourceTime], at wall: Timestamp, age: Duration)
        async throws(StoreError) -> [StreamID: Int]
    {
        let streams = try await read { try Departures.streams($0) }
        guard let times = PruneTimes(streams, told: now, age: age, wall: wall) else { return [:] }
        var found: [StreamID: Int] = [:]
        for stream in streams {
            guard var scan = times.scan(stream, cutoff: { $0.date - age }) else { continue }
            var count = 0
            while !scan.isAtEnd {
                let (next, events) = try await read { [scan] db in
                    var scan = scan
                    let events = try scan.candidates(db)?.seqs.count ?? 0
                    return (scan, events)
                }
                (scan, count) = (next, count + events)
            }
            found[stream.id] = count
        }
        return found
    }
}
