import SpoolCore

/// Requests pages of one stream from a source, within the memory limit that all streams share.
package struct PageFetcher: Sendable {
    /// The maximum number of pages of all streams in progress, from the request to the end of their
    /// transaction.
    ///
    /// With a limit of 16 MiB per body this is 128 MiB. A stream whose answer stalls keeps its permit until
    /// the deadline of its request; another stream is only delayed when all permits are held in this way.
    package static let pagesAtOnce = 8

    let memory: AsyncSemaphore
    let crashes: PoisonGuard?

    /// Requests the next page of a scan, parses it, and passes it to `use`; its memory is held until `use`
    /// returns.
    ///
    /// - Returns: the result of `use`, or the fault; nil when `stop` was requested before its turn.
    func page<Value: Sendable>(
        of scan: Scan,
        _ stream: SourceStream,
        from source: any Source,
        limit: Int,
        stop: ShutdownRequest,
        _ use: (Page) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Result<Value, SourceFault>? {
        guard await memory.take(stop: stop) else { return nil }
        defer { memory.give() }
        let page: Page
        switch try await read(scan, stream, source, limit: limit, stop: stop) {
        case .success(let whole): page = whole
        case .failure(let fault): return .failure(fault)
        }
        if let next = page.next, next == scan.position {
            let message = "the source returned the same continuation token for \(stream.name) again"
            return .failure(SourceFault(.scanLost, message))
        }
        return .success(try await use(page))
    }

    private func read(
        _ scan: Scan,
        _ stream: SourceStream,
        _ source: any Source,
        limit: Int,
        stop: ShutdownRequest
    ) async throws(StoreError) -> Result<Page, SourceFault> {
        let answer: any SourceAnswer
        do throws(SourceFault) {
            answer = try await source.answer(of: stream, scan: scan, limit: limit)
        } catch {
            return .failure(error)
        }
        guard let crashes else { return PoisonGuard.read(answer, []) }
        return try await crashes.page(of: answer, scan: scan, stream.name, stop: stop)
    }
}

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
