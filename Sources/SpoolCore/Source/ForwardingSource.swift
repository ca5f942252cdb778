/// A source in front of another one: whatever it does not implement itself is forwarded to `base`.
package protocol ForwardingSource: Source {
    var base: any Source { get }
}

extension ForwardingSource {
    package var name: String { base.name }
    package var type: String { base.type }
    package var budgetKey: String { base.budgetKey }
    package var requestsPerMinute: Int { base.requestsPerMinute }
    package var pollInterval: Duration { base.pollInterval }
    package var streams: [SourceStream] { base.streams }
    package var clockDoubt: ClockDoubt? { base.clockDoubt }

    package func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        try await base.date(for: stream)
    }

    package func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        try await base.answer(of: stream, scan: scan, limit: limit)
    }

    package func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event? {
        try await base.record(id, of: stream)
    }

    package func shutDown() async { await base.shutDown() }
}

/// An answer in front of another one: whatever it does not implement itself is forwarded to `base`.
package protocol ForwardingAnswer: SourceAnswer {
    var base: any SourceAnswer { get }
}

extension ForwardingAnswer {
    package var keys: [String] { base.keys }

    package func rehearse(_ index: Int) { base.rehearse(index) }

    package func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        try base.page(leaving: unread)
    }
}
