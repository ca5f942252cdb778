import GRDB
package import SpoolCore

extension Spool {
    /// How many events `prune` would delete for their age alone, by stream; deletes nothing.
    ///
    /// Reads in slices. `now` is what each stream's source has told; a configured stream without it is left out.
    package func prunable(now: [StreamID: SourceTime], age: Duration) async throws(StoreError) -> [StreamID:
        Int]
    {
        guard let latest = now.values.map(\.date).max() else { return [:] }
        var found: [StreamID: Int] = [:]
        for stream in try await read({ try Departures.streams($0) }) {
            let gone = SourceTime(date: latest, sweepsBack: Retention.returning)
            guard let time = now[stream.id] ?? (stream.hasSource ? nil : gone) else { continue }
            var scan = PruneScan(
                stream.id,
                cutoff: time.date - age,
                sweepsBack: time.sweepsBack,
                leftBefore: latest - age,
                pausedBefore: latest - Retention.patience,
                now: latest
            )
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
