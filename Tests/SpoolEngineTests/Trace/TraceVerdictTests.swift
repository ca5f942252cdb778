import SpoolControl
import SpoolCore
import SpoolStore
import Testing

@testable import SpoolEngine

@Suite("The reason why the spool does not have a record")
struct TraceVerdictTests {
    private static let stream = StreamName(source: "contoso", stream: "activities")

    /// Started at 100, pruned below 200, read up to 1,000, re-read up to 900.
    private static func coverage(isCovered: Bool = true, isUnproved: Bool = false, wasDeleted: Bool? = nil)
        -> StreamCoverage
    {
        StreamCoverage(
            stream: stream,
            start: Timestamp(milliseconds: 100),
            since: Timestamp(milliseconds: 1_000),
            sweptTo: Timestamp(milliseconds: 900),
            prunedTo: Timestamp(milliseconds: 200),
            isCovered: isCovered,
            isUnproved: isUnproved,
            wasDeleted: wasDeleted
        )
    }

    private static func verdict(
        at moment: Int64,
        _ coverage: StreamCoverage? = coverage(),
        isListed: Bool? = true,
        sweepsBack: Duration = .zero
    ) -> TraceVerdict {
        var source = SourceTrace(stream: stream)
        source.isKnown = true
        source.isListed = isListed
        return TraceVerdict(source, coverage, at: Timestamp(milliseconds: moment), sweepsBack: sweepsBack)
    }

    @Test(
        "depends on its time relative to the start, retention, the cursor and the sweeps",
        arguments: [
            (99, TraceVerdict.beforeStart(Timestamp(milliseconds: 100))),
            (199, .pruned(Timestamp(milliseconds: 200))),
            (200, .missed),
            (899, .missed),
            (900, .late(sweptTo: Timestamp(milliseconds: 900))),
            (999, .late(sweptTo: Timestamp(milliseconds: 900))),
            (1_000, .notYetRead(since: Timestamp(milliseconds: 1_000))),
        ] as [(Int64, TraceVerdict)]
    )
    func byTime(_ moment: Int64, _ expected: TraceVerdict) {
        #expect(Self.verdict(at: moment) == expected)
    }

    @Test("in time that retention has passed, an event whose id was not deleted was missed, not deleted")
    func neverDeleted() {
        let never = Self.coverage(isCovered: false, wasDeleted: false)

        #expect(Self.verdict(at: 199, never) == .missed)
        #expect(Self.verdict(at: 199, never, isListed: false) == .filtered)
        #expect(
            Self.verdict(at: 199, Self.coverage(wasDeleted: true)) == .pruned(Timestamp(milliseconds: 200))
        )
    }

    @Test("an event that was deleted before a sink received it is lost there, not merely deleted")
    func lost() {
        func coverage(_ sinks: [String]) -> StreamCoverage {
            StreamCoverage(
                stream: Self.stream,
                start: Timestamp(milliseconds: 100),
                since: Timestamp(milliseconds: 1_000),
                sweptTo: Timestamp(milliseconds: 900),
                prunedTo: Timestamp(milliseconds: 200),
                isCovered: true,
                isUnproved: false,
                wasDeleted: true,
                lostAt: sinks
            )
        }
        let lost = Self.verdict(at: 199, coverage(["siem"]))

        #expect(lost == .lost(sinks: ["siem"]) && lost.word == "lost")
        #expect(lost.sentence.contains("before it reached sink siem, not configured at that time"))
        #expect(Self.verdict(at: 199, coverage([])).word == "pruned")
    }

    @Test("a filter takes precedence over the cursor, but not over the start")
    func filters() {
        #expect(Self.verdict(at: 500, isListed: false) == .filtered)
        #expect(Self.verdict(at: 2_000, isListed: false) == .filtered)
        #expect(Self.verdict(at: 50, isListed: false) == .beforeStart(Timestamp(milliseconds: 100)))
        #expect(Self.verdict(at: 500, isListed: nil) == .missed)
    }

    @Test("without a complete window over it, it is a gap; an empty response of long ago proves nothing")
    func gaps() {
        #expect(Self.verdict(at: 500, Self.coverage(isCovered: false)) == .gap(isUnproved: false))
        #expect(
            Self.verdict(at: 500, Self.coverage(isCovered: false, isUnproved: true)) == .gap(isUnproved: true)
        )
    }

    @Test("alerts are swept again for the length of their look-back")
    func sweepsBack() {
        #expect(
            Self.verdict(at: 700, sweepsBack: .milliseconds(300))
                == .late(sweptTo: Timestamp(milliseconds: 600))
        )
        #expect(Self.verdict(at: 599, sweepsBack: .milliseconds(300)) == .missed)
    }

    @Test("a stream that was never read is the reason for any record")
    func notBegun() {
        #expect(Self.verdict(at: 500, nil) == .notBegun)
    }
}
