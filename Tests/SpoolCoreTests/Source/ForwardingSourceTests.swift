import SpoolCore
import Testing

@Suite("Forwarding source")
struct ForwardingSourceTests {
    private let source = RenamedSource(base: DoubtfulSource())
    private let stream = SourceStream(
        name: StreamName(source: "contoso", stream: "activities"),
        kind: .activity,
        start: .age(.days(1)),
        lookBack: .minutes(10),
        sweepInterval: .minutes(5),
        sweepsBack: false,
        overlap: .seconds(10),
        pageLimit: 100,
        filterHash: "f"
    )

    @Test("everything it does not implement comes from its base, not from the defaults of sources")
    func forwards() async throws {
        #expect(source.clockDoubt?.description == "doubt")
        #expect(try await source.record("a", of: stream)?.externalID == "a")
        #expect(try await source.date(for: stream) == DoubtfulSource.date)
        #expect(source.requestsPerMinute == 7)
    }

    @Test("what it implements itself is also used through the protocol")
    func changes() {
        let any: any Source = source

        #expect(any.name == "renamed")
    }

    @Test("an answer forwards what it does not implement")
    func answers() async throws {
        let scan = Scan(reason: .poll, from: DoubtfulSource.date, to: nil, filterHash: "f")
        let answer = LoudAnswer(base: try await source.answer(of: stream, scan: scan, limit: 1))

        #expect(answer.keys == ["KEY"])
        #expect(try answer.page(leaving: []).date == DoubtfulSource.date)
    }
}

private struct RenamedSource: ForwardingSource {
    let base: any Source

    var name: String { "renamed" }
}

private struct LoudAnswer: ForwardingAnswer {
    let base: any SourceAnswer

    var keys: [String] { base.keys.map { $0.uppercased() } }
}

/// A source that implements even what has a default.
private struct DoubtfulSource: Source {
    static let date = Timestamp(milliseconds: 1_795_000_000_000)

    let name = "contoso"
    let type = "doubtful"
    let budgetKey = "contoso"
    let requestsPerMinute = 7
    let pollInterval = Duration.seconds(15)
    let streams: [SourceStream] = []
    let clockDoubt: ClockDoubt? = ClockDoubt(claimed: date, isBelieved: false, description: "doubt")

    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp { Self.date }

    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        EmptyAnswer()
    }

    func record(_ id: String, of stream: SourceStream) async throws(SourceFault) -> Event? {
        Event(externalID: id, kind: .activity, isReadable: true, occurred: Self.date, created: Self.date)
    }

    func shutDown() async {}
}

private struct EmptyAnswer: SourceAnswer {
    let keys = ["key"]

    func rehearse(_ index: Int) {}

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        Page(body: [], records: [], date: DoubtfulSource.date, next: nil)
    }
}
