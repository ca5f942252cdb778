import Crypto
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

/// Accumulates the lengths and hashes of a proof's sorted lists.
struct ListHashes {
    private var source = SHA256()
    private var spool = SHA256()
    private var sinks: [SHA256]
    private(set) var counts: (source: Int, spool: Int, gone: Int, all: Int) = (0, 0, 0, 0)
    private var sinkCounts: [Int]

    init(sinks count: Int) {
        sinks = Array(repeating: SHA256(), count: count)
        sinkCounts = Array(repeating: 0, count: count)
    }

    mutating func add(_ lists: ProofScratch.Lists) {
        source.update(data: lists.source)
        spool.update(data: lists.spool)
        for index in sinks.indices { sinks[index].update(data: lists.sinks[index]) }
        counts.source += lists.counts.source
        counts.spool += lists.counts.spool
        counts.gone += lists.counts.gone
        counts.all += lists.counts.all
        for index in sinkCounts.indices { sinkCounts[index] += lists.sinkCounts[index] }
    }

    var sourceList: ProofList { ProofList(count: counts.source, sha256: Self.hex(source)) }
    var spoolList: ProofList { ProofList(count: counts.spool, sha256: Self.hex(spool)) }

    func sinkList(_ index: Int) -> ProofList {
        ProofList(count: sinkCounts[index], sha256: Self.hex(sinks[index]))
    }

    private static func hex(_ hash: SHA256) -> String {
        let digits = Array("0123456789abcdef")
        return String(hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
