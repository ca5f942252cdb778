package import SpoolCore

/// The progress in a window: everything needed to continue reading it, even after a restart.
///
/// A window older than 30 days is read in parts of at most 7 days, each with its own scan (`FetchPlan`).
package struct WindowPlace: Sendable, Codable, Equatable {
    /// Inclusive.
    package let from: Timestamp
    /// Exclusive.
    package let to: Timestamp
    /// The filters it is read with; with other filters it cannot be continued.
    package let filterHash: String
    /// Everything of the window before this has been read.
    package private(set) var readTo: Timestamp
    /// The scan of the current part; nil between two parts.
    package private(set) var scan: Scan?
    /// Parts whose empty answer proves nothing, since they are older than 30 days.
    package private(set) var unproved: [TimeWindow] = []
    package private(set) var pages = 0
    package private(set) var records = 0

    package init(from: Timestamp, to: Timestamp, filterHash: String) {
        self.from = from
        self.to = to
        self.filterHash = filterHash
        readTo = from
    }

    /// True when the whole window has been read, whether the answers prove anything or not.
    package var isComplete: Bool { readTo >= to }

    /// The scan whose next page is to be requested.
    func next(date: Timestamp) -> Scan {
        if let scan { return scan }
        let isOld = date.since(readTo) > FetchPlan.oldAge
        let end = isOld ? min(readTo + FetchPlan.oldWindow, to) : to
        return Scan(reason: .refetch, from: readTo, to: end, filterHash: filterHash)
    }

    /// Notes a page that was taken, and the fetch window in which it was recorded.
    mutating func advance(_ page: Page, of scan: Scan, window: WindowID?) {
        pages += 1
        records += page.records.count
        var (advanced, ended) = ScanStep.advance(scan, past: page)
        advanced.window = window
        self.scan = advanced
        guard let ended else { return }
        self.scan = nil
        readTo = scan.to ?? to
        if ended == .unproved { unproved.append(TimeWindow(from: scan.from, to: readTo)) }
    }

    /// The source cannot continue the current scan: the part restarts.
    mutating func restartScan() { scan = nil }
}
