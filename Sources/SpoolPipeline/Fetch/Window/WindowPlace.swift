package import SpoolCore

/// How far the reading of a window has come: all that is needed to go on with it, also after a restart.
///
/// A window older than 30 days is read in parts of 7 days at most, each a scan of its own (`FetchPlan`).
package struct WindowPlace: Sendable, Codable, Equatable {
    /// Inclusive.
    package let from: Timestamp
    /// Exclusive.
    package let to: Timestamp
    /// The filters it is read with; with others it cannot go on.
    package let filterHash: String
    /// Everything of the window before this has been read.
    package private(set) var readTo: Timestamp
    /// The part under way; nil between two.
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

    /// True when the source has answered all of it, whether that proves anything or not.
    package var isComplete: Bool { readTo >= to }

    /// The scan to ask the next page of.
    func next(date: Timestamp) -> Scan {
        if let scan { return scan }
        let isOld = date.since(readTo) > FetchPlan.oldAge
        let end = isOld ? min(readTo + FetchPlan.oldWindow, to) : to
        return Scan(reason: .refetch, from: readTo, to: end, filterHash: filterHash)
    }

    /// Notes a page that was taken, and the fetch window it was put down in.
    mutating func took(_ page: Page, of scan: Scan, window: WindowID?) {
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

    /// The source cannot go on with the part under way: it begins again.
    mutating func lost() { scan = nil }
}
