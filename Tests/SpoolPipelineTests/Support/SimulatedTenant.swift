import SpoolCore

/// A stream of a portal as a value: records with the times at which they were created and at which they
/// appear.
struct SimulatedTenant: Sendable {
    struct Record: Sendable {
        let id: Int
        let created: Timestamp
        let appears: Timestamp
    }

    /// Sorted by `created`.
    let records: [Record]
    /// The maximum number of records per page; pages before the last contain fewer, as in scan mode.
    let pageSize: Int

    /// A page of a scan, in ascending order of `created`; the position is the last record before it.
    func page(_ scan: Scan, limit: Int, date: Timestamp) -> (page: Page, ids: [Int]) {
        let first = scan.position.flatMap(Int.init).map { $0 + 1 } ?? lowerBound(scan.from)
        let most = min(limit, pageSize)
        var found: [Int] = []
        var index = first
        while index < records.count, found.count <= most, records[index].created < scan.to ?? .max {
            if records[index].appears <= date { found.append(index) }
            index += 1
        }
        let hasNext = found.count > most
        if hasNext { found = Array(found.prefix(max(1, most - 10))) }
        let events = found.map { Sample.event("\(records[$0].id)", created: records[$0].created) }
        let page = Sample.page(events, date: date, next: hasNext ? found.last.map(String.init) : nil)
        return (page, found.map { records[$0].id })
    }

    private func lowerBound(_ time: Timestamp) -> Int {
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if records[middle].created < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Timestamp {
    static let max = Timestamp(milliseconds: .max)
}
