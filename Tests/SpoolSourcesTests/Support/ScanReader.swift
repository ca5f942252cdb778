import SpoolCore
import Testing

@testable import SpoolSources

/// Reads a scan to its end as the fetch loop does.
///
/// After a fault it uses the same position again, with smaller pages if they are too large. If the scan is
/// lost, it starts from the beginning.
struct ScanReader {
    let source: DefenderSource
    let stream: SourceStream

    init(_ source: DefenderSource, _ kind: EventKind) throws {
        self.source = source
        stream = try #require(source.streams.first { $0.kind == kind })
    }

    struct Result {
        /// Events in the order of arrival, including repeated ones.
        var events: [Event] = []
        /// The bytes as received, by id.
        var raw: [String: [UInt8]] = [:]
        var faults: [SourceFault.Kind] = []
        var pages = 0

        var ids: Set<String> { Set(events.filter(\.isReadable).map(\.externalID)) }
        var unreadable: Int { Set(events.filter { !$0.isReadable }.map(\.externalID)).count }
        var repeated: Int { events.count - Set(events.map(\.externalID)).count }
    }

    func read(
        from: Int64,
        to: Int64? = nil,
        limit: Int? = nil,
        failureLimit: Int = 4,
        afterPage: (Int) async -> Void = { _ in }
    ) async throws -> Result {
        var scan = Scan(
            reason: .poll,
            from: Timestamp(milliseconds: from),
            to: to.map { Timestamp(milliseconds: $0) },
            filterHash: stream.filterHash
        )
        var result = Result()
        var limit = limit ?? stream.pageLimit
        var failures = 0
        while true {
            let page: Page
            do throws(SourceFault) {
                page = try await source.page(of: stream, scan: scan, limit: limit)
            } catch {
                result.faults.append(error.kind)
                failures += 1
                guard failures <= failureLimit else { throw error }
                if error.kind == .tooLarge { (limit, failures) = (max(1, limit / 2), 0) }
                if error.kind == .scanLost { scan.position = nil }
                continue
            }
            failures = 0
            result.pages += 1
            for record in page.records {
                result.events.append(record.event)
                result.raw[record.event.externalID] = Array(page.body[record.raw])
            }
            await afterPage(result.pages)
            guard let next = page.next else { return result }
            scan.position = next
            try #require(result.pages < 3_000, "the scan does not end")
        }
    }
}
