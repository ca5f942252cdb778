package import SpoolCore

/// What a page changes: the scan's place, and on its last page `since` or `swept_to`.
///
/// A pure decision; the store carries it out in the transaction of the page.
package enum ScanStep {
    /// The commit for a page that answered `scan`.
    package static func commit(
        _ page: Page,
        of scan: Scan,
        stream: StreamID,
        progress: StreamProgress,
        fetched: Timestamp
    ) -> PageCommit {
        var advanced = scan
        let firstDate = scan.firstDate ?? page.date
        advanced.firstDate = firstDate
        advanced.seen += page.records.count
        if let greatest = page.greatest { advanced.greatest = max(scan.greatest ?? greatest, greatest) }
        advanced.position = page.next

        let isLast = page.next == nil
        var after = progress
        switch scan.reason {
        case .poll:
            guard var cursor = progress.cursor else { break }
            if isLast { cursor.since = since(after: advanced, firstDate: firstDate, before: cursor.since) }
            cursor.scan = isLast ? nil : advanced
            after.cursor = cursor
        case .sweep:
            after.sweep = isLast ? nil : advanced
            if isLast {
                let end = scan.to ?? firstDate
                after.sweptTo = max(progress.sweptTo ?? end, end)
                after.sweepEnded = page.date
            }
        case .refetch: break
        }
        return PageCommit(
            stream: stream,
            page: page,
            scan: scan,
            windowEnd: scan.to ?? firstDate,
            ended: isLast ? windowState(of: advanced, firstDate: firstDate) : nil,
            progress: after,
            fetched: fetched
        )
    }

    /// Where `since` stands after a scan.
    ///
    /// A bounded scan moves it to its bound. An open one moves it to the smaller of the greatest time it saw
    /// and the `Date` of its first answer, but at least to that `Date` minus 7 days: so a record dated 2099,
    /// one saved during a long scan and a month of silence hide nothing and stop nothing. It never moves back.
    private static func since(after scan: Scan, firstDate: Timestamp, before: Timestamp) -> Timestamp {
        if let to = scan.to { return max(before, to) }
        let reached = min(scan.greatest ?? before, firstDate)
        return max(before, reached, firstDate - FetchPlan.oldWindow)
    }

    private static func windowState(of scan: Scan, firstDate: Timestamp) -> WindowState {
        guard scan.seen == 0, let to = scan.to, firstDate.since(to) > FetchPlan.oldAge else {
            return .complete
        }
        return .unproved
    }
}
