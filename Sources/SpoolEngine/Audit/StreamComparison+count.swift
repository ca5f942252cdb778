import SpoolCore
import SpoolStore

/// The result of a comparison: counts, hashes of the lists, and the missing events.
extension StreamComparison {
    /// Fills in counts and hashes.
    ///
    /// - Returns: the missing events, up to the number that is stored.
    func count(_ found: inout ProofStream) async throws(VerificationFault) -> [MissingEvent] {
        var missing: [MissingEvent] = []
        var after = ""
        while let slice = try await unknown(after: after) {
            after = slice.last
            for one in slice.ids {
                found.neverFetched += 1
                guard found.neverFetched <= ProofRows.most else { continue }
                missing.append(
                    MissingEvent(
                        stream: stream.name.description,
                        sink: nil,
                        cause: .neverFetched,
                        id: one.id,
                        seq: nil
                    )
                )
            }
        }
        for index in targets.indices { missing += try await names(at: index) }
        var hashes = ListHashes(sinks: targets.count)
        var place: String? = ""
        while let from = place {
            let lists = try await storing { () async throws(StoreError) in
                try await scratch.lists(after: from, sinks: targets.count)
            }
            hashes.add(lists)
            place = lists.last
        }
        found.events = hashes.counts.all
        found.gone = hashes.counts.gone
        found.source = hashes.sourceList
        found.spool = hashes.spoolList
        for index in targets.indices { found.sinks[index].delivered = hashes.sinkList(index) }
        return missing
    }

    private func names(at index: Int) async throws(VerificationFault) -> [MissingEvent] {
        var names: [MissingEvent] = []
        var counts: [MissingCause: Int] = [:]
        var after = ""
        while let slice = try await lacks(of: index, after: after) {
            after = slice.last
            for lack in slice.lacks {
                guard let cause = lack.standing.cause else { continue }
                counts[cause, default: 0] += 1
                guard counts[cause, default: 0] <= ProofRows.most else { continue }
                names.append(
                    MissingEvent(
                        stream: stream.name.description,
                        sink: targets[index].name.text,
                        cause: cause,
                        id: lack.id,
                        seq: lack.seq
                    )
                )
            }
        }
        return names
    }
}
