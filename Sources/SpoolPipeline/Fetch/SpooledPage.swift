import SpoolCore

/// A page that has been spooled: what the stream's fetcher keeps of it.
struct SpooledPage: Sendable {
    let receipt: PageReceipt
    let date: Timestamp
    let records: Int
    /// The estimated size of its new records.
    let bytes: Int
    let endsScan: Bool
    /// Why its `Date` is not accepted.
    let doubt: String?
    /// Records outside the requested window.
    let outside: [OutsideRecord]

    init(_ page: Page, _ receipt: PageReceipt) {
        self.receipt = receipt
        date = page.date
        records = page.records.count
        bytes = page.records.reduce(0) { $0 + $1.raw.count } * receipt.inserted / max(1, page.records.count)
        endsScan = page.next == nil
        doubt = page.doubt
        outside = OutsideRecord.all(of: page)
    }
}

/// A record that the source returned although its time is outside the requested window.
struct OutsideRecord: Sendable {
    let id: String
    let time: Timestamp

    /// All such records of a page.
    static func all(of page: Page) -> [OutsideRecord] {
        page.records.filter(\.isOutside).map {
            OutsideRecord(id: $0.event.externalID, time: $0.event.created)
        }
    }
}
