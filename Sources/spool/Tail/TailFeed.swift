import ArgumentParser
import SpoolCore
import SpoolStore

/// A stream of rows from the spool, read in slices from a position on; no transaction stays open between
/// slices.
protocol TailFeed {
    /// Moves to the end of the spool and passes the last `count` matching items before it to `show`, oldest
    /// first.
    mutating func begin(last count: Int, _ show: (TailItem) -> Void) async throws(StoreError)

    /// Passes new items to `show`; returns when there are no more.
    mutating func next(_ show: (TailItem) -> Void) async throws(StoreError)
}

/// One line of `spool tail`.
struct TailItem {
    let row: TailRow
    /// Nil in the order of spooling.
    var settlement: TailSettlement?
}

/// Events in the order in which they were spooled.
struct SpooledFeed: TailFeed {
    /// Rows per read.
    static let slice = 500
    /// The maximum of rows searched for the last items: a filter that matches nothing must not read 20 GiB.
    static let longestSearch = 200_000

    let spool: Spool
    let filter: TailFilter
    private var after = Seq(0)

    init(_ spool: Spool, _ filter: TailFilter) {
        self.spool = spool
        self.filter = filter
    }

    mutating func begin(last count: Int, _ show: (TailItem) -> Void) async throws(StoreError) {
        after = try await spool.greatestSeq()
        var before = Seq(after.value + 1)
        var found: [TailRow] = []
        var looked = 0
        while found.count < count, looked < Self.longestSearch {
            let rows = try await spool.tail(before: before, limit: Self.slice)
            guard let last = rows.last else { break }
            before = last.seq
            looked += rows.count
            found += rows.filter(filter.shows).prefix(count - found.count)
        }
        for row in found.reversed() { show(TailItem(row: row)) }
    }

    mutating func next(_ show: (TailItem) -> Void) async throws(StoreError) {
        while true {
            let rows = try await spool.tail(after: after, limit: Self.slice)
            guard let last = rows.last else { return }
            for row in rows where filter.shows(row) { show(TailItem(row: row)) }
            after = last.seq
        }
    }
}

/// Events in the order in which sinks have settled them.
struct SettledFeed: TailFeed {
    let spool: Spool
    let filter: TailFilter
    private var after: Int64 = 0

    init(_ spool: Spool, _ filter: TailFilter) {
        self.spool = spool
        self.filter = filter
    }

    mutating func begin(last count: Int, _ show: (TailItem) -> Void) async throws(StoreError) {
        after = try await spool.greatestLedgerRow()
        var before = after + 1
        var found: [TailItem] = []
        var looked = 0
        while found.count < count, looked < SpooledFeed.longestSearch {
            let settlements = try await spool.settlements(before: before, limit: 50)
            guard let last = settlements.last else { break }
            before = last.row
            for settlement in settlements where found.count < count && filter.shows(settlement) {
                var items: [TailItem] = []
                try await events(of: settlement) { items.append($0) }
                looked += items.count
                found += items.suffix(count - found.count).reversed()
            }
            looked += settlements.count
        }
        for item in found.reversed() { show(item) }
    }

    mutating func next(_ show: (TailItem) -> Void) async throws(StoreError) {
        // Retention may have deleted every row; row numbers then start again.
        let greatest = try await spool.greatestLedgerRow()
        after = min(after, greatest)
        while true {
            let settlements = try await spool.settlements(after: after, limit: 50)
            guard let last = settlements.last else { return }
            for settlement in settlements where filter.shows(settlement) {
                try await events(of: settlement, show)
            }
            after = last.row
        }
    }

    private func events(of settlement: TailSettlement, _ show: (TailItem) -> Void) async throws(StoreError) {
        var place = Seq(settlement.first.value - 1)
        while true {
            let rows = try await spool.tail(of: settlement, after: place, limit: SpooledFeed.slice)
            guard let last = rows.last else { return }
            for row in rows where filter.shows(row) { show(TailItem(row: row, settlement: settlement)) }
            place = last.seq
        }
    }
}

/// Which events `spool tail` shows: those that match all given options.
struct TailFilter: ParsableArguments {
    @Option(
        help: """
            Only events of this stream: source/stream, or activities or alerts for all sources; repeatable.
            """
    )
    var stream: [String] = []
    @Option(help: "With --settled: only settlements by this sink; repeatable.") var sink: [String] = []
    @Option(parsing: .unconditional, help: "Only users whose name contains this text (case-insensitive).")
    var user: String?
    @Option(help: "Only events of this category (EVENT_CATEGORY_LOGIN, or LOGIN for short); repeatable.")
    var category: [String] = []
    @Option(
        parsing: .unconditional,
        help: """
            Only events whose message, action, app, IP address, country, user, category or id contains this \
            text (case-insensitive).
            """
    )
    var grep: String?

    /// True for an event that is shown.
    func shows(_ row: TailRow) -> Bool {
        guard isMeant(row.stream) else { return false }
        if let user, !row.userName.holds(user) { return false }
        if !category.isEmpty, !category.contains(where: { row.category.isCategory($0) }) { return false }
        guard let grep else { return true }
        let texts = [
            row.message, row.action, row.appName, row.ip, row.country, row.id, row.userName, row.category,
        ]
        return texts.contains { $0.holds(grep) }
    }

    /// True for a settlement whose events may be shown.
    func shows(_ settlement: TailSettlement) -> Bool {
        (sink.isEmpty || sink.contains(settlement.sink.text)) && isMeant(settlement.stream)
    }

    /// Rejects a stream or sink that the spool does not know.
    func check(against names: SpoolNames) throws {
        for text in stream where !names.streams.contains(where: { ReplayTargets.isNamed($0, text) }) {
            throw KnownNames.failure("stream", text, among: names.streams.map(\.description))
        }
        try KnownNames.check(sink, "sink", among: names.sinks.map(\.text))
    }

    private func isMeant(_ name: StreamName) -> Bool {
        stream.isEmpty || stream.contains { ReplayTargets.isNamed(name, $0) }
    }
}

extension String {
    fileprivate func holds(_ part: String) -> Bool { lowercased().contains(part.lowercased()) }

    /// `LOGIN` names EVENT_CATEGORY_LOGIN, and not EVENT_CATEGORY_FAILED_LOGIN.
    fileprivate func isCategory(_ name: String) -> Bool {
        let (full, wanted) = (uppercased(), name.uppercased())
        return full == wanted || full == "EVENT_CATEGORY_" + wanted || full == "ALERT_" + wanted
    }
}
