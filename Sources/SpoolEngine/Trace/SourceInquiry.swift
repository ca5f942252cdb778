package import SpoolControl
package import SpoolCore

/// Queries one source for one record: whether the source has it, and whether it lists it with today's
/// filters.
package struct SourceInquiry: Sendable {
    /// Maximum number of pages to read for one millisecond; a longer list is treated as endless.
    private static let pages = 5

    let source: any Source
    let stream: SourceStream
    /// Waits until a request may be made; false if none may be made any more.
    let turn: @Sendable () async -> Bool

    /// Creates an inquiry about one stream; each request waits for its `turn`.
    package init(source: any Source, stream: SourceStream, turn: @escaping @Sendable () async -> Bool) {
        self.source = source
        self.stream = stream
        self.turn = turn
    }

    /// Queries one record; the result also contains the source's fault, if any.
    package func run(_ id: String) async -> SourceTrace {
        var trace = SourceTrace(stream: stream.name)
        do throws(SourceFault) {
            guard await turn() else { return trace }
            guard let event = try await source.record(id, of: stream) else {
                trace.isKnown = false
                return trace
            }
            trace.isKnown = true
            trace.occurred = event.occurred
            trace.created = event.created
            trace.category = event.category
            trace.action = event.action
            trace.isListed = try await isListed(id, at: event.created)
        } catch {
            trace.fault = error.description
        }
        return trace
    }

    private func isListed(_ id: String, at moment: Timestamp) async throws(SourceFault) -> Bool? {
        var scan = Scan(
            reason: .refetch,
            from: moment,
            to: moment + .milliseconds(1),
            filterHash: stream.filterHash
        )
        for _ in 0..<Self.pages {
            guard await turn() else { return nil }
            let page = try await source.page(of: stream, scan: scan, limit: stream.pageLimit)
            if page.records.contains(where: { $0.event.externalID == id }) { return true }
            guard let next = page.next else { return false }
            scan.position = next
            scan.seen += page.records.count
        }
        return nil
    }
}
