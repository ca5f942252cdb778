package import SpoolCore

/// What a page changes: the scan's place, and on its last page `since` or `swept_to`.
///
/// A pure decision; the store carries it out in the transaction of the page.
package enum ScanStep {
    /// The commit for a page that answered `scan`.
    package static func commit(
        _ page: Page,
        of scan: Scan,
        stream: SourceStream,
        id: StreamID,
        progress: StreamProgress,
        fetched: Timestamp
    ) -> PageCommit {
        let (advanced, ended) = advance(scan, past: page)
        let firstDate = advanced.firstDate ?? page.date
        let isLast = ended != nil
        var after = progress
        switch scan.reason {
        case .poll:
            guard var cursor = progress.cursor else { break }
            if isLast { cursor.since = since(after: advanced, firstDate: firstDate, before: cursor.since) }
            cursor.scan = isLast ? nil : advanced
            after.cursor = cursor
            if isLast, isSweepToo(scan, stream: stream, sweptTo: progress.sweptTo, firstDate: firstDate) {
                after.sweptTo = scan.to
            }
        case .sweep:
            after.sweep = isLast ? nil : advanced
            if isLast {
                let end = sweptTo(by: scan, stream: stream, firstDate: firstDate)
                after.sweptTo = max(progress.sweptTo ?? end, end)
                after.sweepEnded = page.date
            }
        case .refetch: break
        }
        return PageCommit(
            stream: id,
            page: page,
            scan: scan,
            windowEnd: scan.to ?? firstDate,
            ended: ended,
            progress: after,
            fetched: fetched
        )
    }

    /// The scan after a page; and what its window has become, if that was its last page.
    package static func advance(_ scan: Scan, past page: Page) -> (scan: Scan, ended: WindowState?) {
        var advanced = scan
        let firstDate = scan.firstDate ?? page.date
        advanced.firstDate = firstDate
        advanced.seen += page.records.count
        let outside = page.records.count(where: \.isOutside)
        if outside > 0 { advanced.outside = (scan.outside ?? 0) + outside }
        if let greatest = page.greatest { advanced.greatest = max(scan.greatest ?? greatest, greatest) }
        advanced.position = page.next
        return (advanced, page.next == nil ? windowState(of: advanced, firstDate: firstDate) : nil)
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

    /// True for a poll that read what sweeps would read next, and late enough: its whole window had the
    /// look-back to appear before its first answer.
    private static func isSweepToo(
        _ scan: Scan,
        stream: SourceStream,
        sweptTo: Timestamp?,
        firstDate: Timestamp
    ) -> Bool {
        guard let to = scan.to, let sweptTo, !stream.sweepsBack else {
            return false
        }
        return scan.from <= sweptTo && sweptTo < to && to <= firstDate - stream.lookBack
    }

    /// Where `swept_to` stands after a sweep: at its end.
    ///
    /// Sweeps that reach back begin at `swept_to` minus the look-back. One of their bounded windows has read
    /// everything in front of its bound for the last time, if that is older than the look-back; so `swept_to`
    /// moves by the window's width, also where the window is narrower than the look-back.
    private static func sweptTo(by scan: Scan, stream: SourceStream, firstDate: Timestamp) -> Timestamp {
        guard let to = scan.to else { return firstDate }
        return stream.sweepsBack ? min(to + stream.lookBack, firstDate) : to
    }

    /// So many records, all of them outside of the window asked for, are the answer to another request.
    static let foreign = 100

    /// What the answers of a whole scan prove.
    ///
    /// Answers that hold only records from outside of the window, and many, prove nothing: the source may not follow the
    /// request at all. A few are records that it keeps under another time than the one they tell.
    ///
    /// An empty answer for a window that reaches beyond 30 days proves nothing: users report such answers, without an
    /// error, for days the portal did show (github.com/microsoft/MCAS, issue 108).
    private static func windowState(of scan: Scan, firstDate: Timestamp) -> WindowState {
        let isEmptyAndOld =
            scan.seen == 0 && scan.to != nil && firstDate.since(scan.from) > FetchPlan.oldAge
        let isForeign = scan.seen >= foreign && scan.outside == scan.seen
        return isEmptyAndOld || isForeign ? .unproved : .complete
    }
}
