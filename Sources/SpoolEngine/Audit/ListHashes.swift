import Crypto
import SpoolCore
import SpoolStore

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
