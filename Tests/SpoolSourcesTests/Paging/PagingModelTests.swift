import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolSources

/// A simulated portal as a value: records with times, returned in a fixed order, without `nextQueryFilters`.
private struct ModelPortal {
    struct Record {
        let id: Int
        let time: Int64
    }

    let records: [Record]
    let behaviour: PagingModelTests.Behaviour

    func answer(_ position: ScanPosition, _ scan: Scan, limit: Int) -> (ids: [Int], facts: PageFacts) {
        let lower = max(scan.from.milliseconds, position.segment.lower ?? .min)
        let upper = min(scan.to.map { $0.milliseconds - 1 } ?? .max, position.segment.upper ?? .max)
        var found = records.filter { $0.time >= lower && $0.time <= upper }
        switch behaviour {
        case .ascending: found.sort { ($0.time, $0.id) < ($1.time, $1.id) }
        case .descending: found.sort { ($0.time, $0.id) > ($1.time, $1.id) }
        case .byID: found.sort { $0.id < $1.id }
        }
        let page = Array(found.dropFirst(position.skip).prefix(limit))
        let facts = PageFacts(
            count: page.count,
            hasNext: found.count > position.skip + page.count,
            nextFilters: nil,
            times: page.map(\.time),
            digest: page.isEmpty ? nil : page.map { String($0.id) }.joined(separator: ","),
            date: 2_000
        )
        return (page.map(\.id), facts)
    }
}

@Suite("Paging against a portal of any order")
struct PagingModelTests {
    enum Behaviour: CaseIterable {
        case ascending, descending
        /// An order unrelated to time.
        case byID
    }

    @Test(
        "every record of the window is returned, and the scan ends",
        arguments: Behaviour.allCases,
        [1, 2, 3, 7, 100]
    )
    func readsEverything(behaviour: Behaviour, limit: Int) throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            // Few times for many records: milliseconds that fill pages are the difficult case.
            let span = Int64.random(in: 1...40, using: &random)
            let records = (0..<Int.random(in: 0...60, using: &random)).map { id in
                ModelPortal.Record(id: id, time: 1_000 + .random(in: 0..<span, using: &random) * 17)
            }
            let portal = ModelPortal(records: records, behaviour: behaviour)
            let end = Bool.random(using: &random) ? Timestamp(milliseconds: 1_300) : nil
            let scan = Scan(reason: .poll, from: Timestamp(milliseconds: 1_005), to: end, filterHash: "")

            var seen: Set<Int> = []
            var position: ScanPosition? = ScanPosition()
            var requests = 0
            while let here = position {
                let (ids, facts) = portal.answer(here, scan, limit: limit)
                seen.formUnion(ids)
                position = try Paging.next(after: facts, at: here, of: scan)
                requests += 1
                try #require(requests < 20_000, "seed \(seed) does not end")
            }

            let expected = Set(
                records.filter { $0.time >= 1_005 && $0.time < (end?.milliseconds ?? .max) }.map(\.id)
            )
            #expect(seen == expected, "seed \(seed)")
        }
    }
}
