package import SpoolCore

/// The changes by a page: the scan's position, and on its last page `since` or `swept_to`.
///
/// These are pure functions; the store applies the result in the transaction of the page.
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

    /// The scan after a page, and the final state of its window if that was the last page.
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

    /// The value of `since` after a scan.
    ///
    /// A bounded scan moves it to its bound. An open scan moves it to the earlier of the latest record time
    /// it saw and the `Date` of its first answer, but at least to that `Date` minus 7 days. So nothing is
    /// missed or blocked by a record dated 2099, by one saved during a long scan, or by a month without
    /// records. `since` never moves back.
    private static func since(after scan: Scan, firstDate: Timestamp, before: Timestamp) -> Timestamp {
        if let to = scan.to { return max(before, to) }
        let reached = min(scan.greatest ?? before, firstDate)
        return max(before, reached, firstDate - FetchPlan.oldWindow)
    }

    /// True for a poll that also counts as a sweep.
    ///
    /// It has read what sweeps would read next, and late enough: its whole window was older than the
    /// look-back at its first answer.
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

    /// The value of `swept_to` after a sweep: the end of the sweep.
    ///
    /// Sweeps that reach back start at `swept_to` minus the look-back. A bounded window of such a sweep has
    /// read everything before its bound for the last time, if that is older than the look-back. So `swept_to`
    /// moves by the window's width, even if the window is narrower than the look-back.
    private static func sweptTo(by scan: Scan, stream: SourceStream, firstDate: Timestamp) -> Timestamp {
        guard let to = scan.to else { return firstDate }
        return stream.sweepsBack ? min(to + stream.lookBack, firstDate) : to
    }

    /// This many records, all of them outside the requested window, show that the request was not followed.
    static let foreign = 100

    /// What the answers of a complete scan prove.
    ///
    /// Answers that contain many records, all of them from outside the window, prove nothing: the source may
    /// not follow the request at all. A few such records are ones that the source stores under another time
    /// than the one in the record.
    ///
    /// An empty answer for a window that reaches back beyond 30 days proves nothing: users report such
    /// answers, without an error, for days that the portal did show (github.com/microsoft/MCAS, issue 108).
    private static func windowState(of scan: Scan, firstDate: Timestamp) -> WindowState {
        let isEmptyAndOld =
            scan.seen == 0 && scan.to != nil && firstDate.since(scan.from) > FetchPlan.oldAge
        let isForeign = scan.seen >= foreign && scan.outside == scan.seen
        return isEmptyAndOld || isForeign ? .unproved : .complete
    }
}
