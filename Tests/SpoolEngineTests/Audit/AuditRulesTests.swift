import SpoolConfig
import SpoolCore
import SpoolPipeline
import SpoolStore
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

@Suite("Notifications about audits") struct AuditRulesTests {
    private static let window = TimeWindow(from: .init(milliseconds: 1_000), to: .init(milliseconds: 2_000))

    private static func proof(
        _ reason: Proof.Reason = .audit,
        over window: TimeWindow = window,
        _ change: (inout ProofStream) -> Void
    ) -> Proof {
        let name = StreamName(source: "contoso", stream: "activities")
        var stream = ProofStream(name: name, kind: .activity, filterHash: "f")
        stream.compared = window
        stream.events = 100
        change(&stream)
        var proof = Proof(
            id: 7,
            reason: reason,
            request: VerifyRequest(from: window.from, to: window.to),
            state: .done,
            version: "1",
            started: window.to
        )
        proof.streams = [stream]
        return proof
    }

    @Test("an audit that compared its window, or nearly all of it, proves enough")
    func enough() {
        #expect(AuditWeakness(Self.proof { _ in }) == nil)
        #expect(AuditWeakness(Self.proof { $0.pruned = 10 }) == nil)
    }

    @Test("an audit whose events retention has deleted, or that compared nothing, proves little and says why")
    func little() throws {
        let pruned = try #require(AuditWeakness(Self.proof { ($0.pruned, $0.noLongerProvable) = (6, 5) }))
        let uncompared = try #require(AuditWeakness(Self.proof { ($0.compared, $0.events) = (nil, 0) }))
        let empty = try #require(AuditWeakness(Self.proof { $0.unproved = [Self.window] }))

        #expect(pruned.message.contains("retention has deleted 11 of 100 events"))
        #expect(uncompared.message.contains("no event of contoso/activities could be compared"))
        #expect(empty.message.contains("empty for times more than 30 days ago"))
    }

    @Test("an audit that proves little, or did not finish, clears no finding of an earlier audit")
    func clears() {
        let whole = AuditNotes(Self.proof { _ in })
        let little = AuditNotes(Self.proof { $0.pruned = 60 })
        let missing = AuditNotes(Self.proof { $0.neverFetched = 1 })
        var stopped = Self.proof { _ in }
        stopped.state = .stopped

        #expect(whole.raised.isEmpty && whole.cleared == [.little, .missing])
        #expect(little.raised.map(\.code) == [.little] && little.cleared.isEmpty)
        #expect(missing.raised.map(\.code) == [.missing] && missing.cleared == [.little])
        #expect(AuditNotes(stopped).raised.isEmpty && AuditNotes(stopped).cleared.isEmpty)
    }

    @Test("an audit with deliveries that are only pending clears no finding")
    func pending() {
        let finding = Self.proof { $0.neverFetched = 1 }
        let notes = AuditNotes(
            Self.proof { stream in
                stream.sinks = [ProofSink(SinkName("siem"))]
                stream.sinks[0].pending = 100
            },
            open: [finding]
        )

        #expect(notes.raised.isEmpty && notes.cleared == [.little] && notes.closed.isEmpty)
    }

    @Test(
        "an audit in which a loss could hide clears no finding",
        arguments: [
            { $0.noLongerProvable = 1 }, { $0.unproved = [Self.window] }, { $0.events = 0 },
            { $0.mending = true },
        ] as [@Sendable (inout ProofStream) -> Void]
    )
    func hiding(_ change: @Sendable (inout ProofStream) -> Void) {
        let finding = Self.proof { $0.neverFetched = 1 }
        let notes = AuditNotes(Self.proof { change(&$0) }, open: [finding])

        #expect(!notes.cleared.contains(.missing) && notes.closed.isEmpty)
    }

    @Test("a finding is cleared only by a proof over all of its window, of an audit or a command")
    func covers() {
        let finding = Self.proof { $0.neverFetched = 1 }
        let later = TimeWindow(from: .init(milliseconds: 1_001), to: .init(milliseconds: 3_000))
        let wider = TimeWindow(from: Self.window.from, to: .init(milliseconds: 3_000))
        func cleared(_ reason: Proof.Reason, _ window: TimeWindow) -> Bool {
            AuditNotes(Self.proof(reason, over: window) { $0.compared = window }, open: [finding]).cleared
                .contains(.missing)
        }

        #expect(!cleared(.audit, later) && !cleared(.command, later))
        #expect(cleared(.audit, wider) && cleared(.command, wider))
        #expect(AuditNotes(Self.proof(.command) { _ in }).cleared.isEmpty)
    }

    @Test("a finding at a sink is not cleared by a proof without that sink or stream")
    func otherSink() {
        var lacking = ProofSink(SinkName("siem"))
        lacking.unsettled = 1
        let finding = Self.proof { [lacking] in $0.sinks = [lacking] }
        func cleared(_ sinks: [String]?, streams: [String]? = nil, _ stream: String) -> Bool {
            var proof = Self.proof(.command) { found in
                found.sinks = sinks.map { $0.map { ProofSink(SinkName($0)) } } ?? []
                found.name = stream
            }
            (proof.request.sinks, proof.request.streams) = (sinks, streams)
            return AuditNotes(proof, open: [finding]).cleared.contains(.missing)
        }

        #expect(cleared(["siem"], "contoso/activities"))
        #expect(!cleared(["other"], "contoso/activities"))
        #expect(!cleared(["siem"], streams: ["contoso/alerts"], "contoso/alerts"))
        // Neither is configured any more.
        #expect(cleared(nil, "contoso/activities") && cleared(nil, "contoso/alerts"))
    }

    @Test("an audit reaches back to an open finding, up to twice its window")
    func reach() {
        let finding = Self.proof { $0.neverFetched = 1 }
        let reach = AuditReach([finding], window: .seconds(1))
        let end = Self.window.to + .milliseconds(500)

        #expect(reach.from(end, of: "contoso/activities") == Self.window.from)
        #expect(reach.from(end, of: "contoso/alerts") == end - .seconds(1))
        #expect(reach.from(end) == Self.window.from)
        let late = Self.window.to + .milliseconds(1_001)
        #expect(reach.from(late) == late - .seconds(1))
    }

    @Test("an audit is overdue after two intervals and an hour without one, even across restarts")
    func overdue() async throws {
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                let (started, day) = (bench.time.wall(), Duration.days(1))
                let status = try await spool.status()
                let wal = try await spool.walReport(at: started)
                var rules = NotificationRules(maxSize: 1 << 40, lookBacks: [:])
                func codes(after age: Duration, upFor up: Duration) -> [String] {
                    let now = started + age
                    rules.audit = (day, { up })
                    return rules.wanted(status, wal: wal, pause: nil, at: now)
                        .map(\.code)
                }

                #expect(codes(after: .days(2), upFor: .days(2)).isEmpty)
                #expect(codes(after: .days(2) + .hours(2), upFor: .hours(2)) == ["Audit overdue"])
                // Just started: the due audit has not had time to run.
                #expect(codes(after: .days(9), upFor: .minutes(5)).isEmpty)
            }
        }
    }
}
