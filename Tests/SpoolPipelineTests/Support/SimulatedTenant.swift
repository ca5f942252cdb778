import SpoolCore

/// A stream of a portal as a value: records with the time they were created and the time they appear.
struct SimulatedTenant: Sendable {
    struct Record: Sendable {
        let id: Int
        let created: Timestamp
        let appears: Timestamp
    }

    /// By `created`.
    let records: [Record]
    /// What a page holds at most; while more follows it holds fewer, as scan mode does.
    let pageSize: Int

    /// A page of a scan: ascending by `created`, the position names the last record before it.
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
