import SpoolControl
import SpoolCore
import Testing

@testable import spool

@Suite("Output of `spool replay`")
struct ReplayTextTests {
    private let request = ReplayRequest(
        sink: SinkName("siem"),
        from: Timestamp(milliseconds: 0),
        to: Timestamp(milliseconds: 60_000)
    )

    private func text(
        _ estimate: ReplayEstimate,
        address: String = "tcp://h:1",
        isBesideLive: Bool = true,
        _ change: (inout ReplayRequest) -> Void = { _ in }
    ) -> String {
        var request = request
        change(&request)
        return EstimateText(request, estimate, address: address, isBesideLive: isBesideLive).text
    }

    @Test("shows how many events the sink has, and on which evidence")
    func evidence() {
        let text = text(ReplayEstimate(inWindow: 9, toSend: 9, acknowledged: 2, kernel: 4, sent: 3))

        #expect(text.contains("2 acknowledged by the receiver"))
        #expect(text.contains("4 acknowledged by the receiver's TCP stack only"))
        #expect(text.contains("3 sent over UDP; their arrival is unknown"))
        #expect(text.contains("9 would be sent again"))
    }

    @Test("excluded notifications are mentioned")
    func leftOut() {
        let estimate = ReplayEstimate(inWindow: 9, toSend: 9)
        func text(_ leavesOut: Bool) -> String {
            EstimateText(request, estimate, address: "", isBesideLive: true, leavesOut: leavesOut).text
        }
        let line =
            "  the spool's own notifications are excluded; `--stream spool/notifications` sends them again"

        #expect(text(true).split(separator: "\n").contains(Substring(line)))
        #expect(!text(false).contains("notifications"))
    }

    @Test("the duration is based on --rate, half the measured rate, the whole measured rate, or is unknown")
    func time() {
        let known = ReplayEstimate(inWindow: 6_000, toSend: 6_000, sinkRate: 100)
        let unknown = ReplayEstimate(inWindow: 6_000, toSend: 6_000)

        #expect(text(known).contains("about 2m, at 50 events per second (half the sink's measured rate)"))
        #expect(text(known, isBesideLive: false).contains("about 1m, at 100 events per second"))
        #expect(text(known) { $0.rate = 1 }.contains("about 1h 40m, at 1 event per second (--rate)"))
        #expect(
            text(unknown).contains("duration unknown: no throughput has been measured for this destination")
        )
        #expect(!text(ReplayEstimate()).contains("unknown"))
    }

    @Test(
        "without a measurement the duration is based on observed rates, and the basis is shown",
        arguments: [
            (
                ReplayEstimate.SeenRate.Basis.minute, true,
                "at most about 2m, at 50 events per second (half the rate of its busiest minute in the last "
                    + "two days; it has never been under sustained load)"
            ),
            (.ledger, false, "at most about 1m, at 100 events per second (the highest rate in its ledger; "),
            (.replay, false, "  about 1m, at 100 events per second (the rate of the last replay to it)"),
        ]
    )
    func seen(basis: ReplayEstimate.SeenRate.Basis, isBesideLive: Bool, words: String) {
        var estimate = ReplayEstimate(inWindow: 6_000, toSend: 6_000)
        estimate.seenRate = ReplayEstimate.SeenRate(rate: 100, basis: basis)

        let text = text(estimate, isBesideLive: isBesideLive)
        estimate.sinkRate = 6_000
        let measured = self.text(estimate, isBesideLive: isBesideLive)

        #expect(text.contains(words), "\(text)")
        #expect(!measured.contains("at most"), "a measurement takes precedence")
    }

    @Test("for a window that the spool does not hold, the output shows what it holds, why, and the remedy")
    func notHeld() {
        var estimate = ReplayEstimate()
        estimate.holdings = [
            holding("activities", events: 1_234, held: (100_000, 200_000), start: 50_000, prunedTo: 90_000),
            holding("alerts", events: 0, held: nil, start: 70_000),
        ]

        let text = text(estimate)
        let asked = self.text(estimate) { $0.refetch = true }

        #expect(text.contains("siem: 0 events occurred from"))
        #expect(
            text.contains(
                "  a/activities: the spool holds 1,234 events, occurred from 1970-01-01T00:01:40.000Z to "
                    + "1970-01-01T00:03:20.000Z\n    retention has deleted events saved before "
                    + "1970-01-01T00:01:30.000Z\n"
            ),
            "\(text)"
        )
        #expect(
            text.contains(
                "  a/alerts: the spool holds no events\n    events saved before 1970-01-01T00:01:10.000Z "
                    + "were not fetched"
            ),
            "\(text)"
        )
        #expect(text.contains("--refetch reads the window from the source first"))
        #expect(!asked.contains("--refetch"))
    }

    @Test("for a window beyond the read position the output shows that position; for a held window nothing")
    func beyond() {
        var early = ReplayEstimate()
        early.holdings = [holding("activities", events: 3, held: (-90_000, -80_000), readTo: -3_600_000)]
        var held = ReplayEstimate(inWindow: 3, toSend: 3)
        held.holdings = [holding("activities", events: 3, held: (0, 50_000), readTo: 90_000)]
        var cut = held
        cut.holdings = [holding("activities", events: 3, held: (0, 50_000), prunedTo: 10_000, readTo: 90_000)]

        let (earlyText, heldText, cutText) = (text(early), text(held), text(cut))

        #expect(
            earlyText.contains("\n    its source has been read up to 1969-12-31T23:00:00.000Z so far"),
            "\(earlyText)"
        )
        #expect(!earlyText.contains("--refetch"))
        #expect(!heldText.contains("a/activities"), "\(heldText)")
        #expect(
            cutText.contains(
                "  a/activities: retention has deleted events saved before 1970-01-01T00:00:10.000Z"
            ),
            "\(cutText)"
        )
        #expect(cutText.contains("--refetch"))
    }

    @Test("singular forms are used for one event")
    func singular() {
        let text = text(
            ReplayEstimate(
                inWindow: 1,
                toSend: 1,
                kernel: 1,
                sent: 1,
                doubtful: 1,
                deadLetters: 1,
                stillToComeLive: 1
            )
        )

        #expect(text.contains("siem: 1 event occurred"))
        #expect(text.contains("1 acknowledged by the receiver's TCP stack only;"))
        #expect(text.contains("1 sent over UDP; its arrival is unknown"))
        #expect(
            text.contains(
                "1 doubtful: the receiver's kernel may have held it unread when a connection did not end "
                    + "cleanly"
            )
        )
        #expect(text.contains("1 dead letter: refused by the receiver"))
        #expect(text.contains("1 waiting for live delivery, and therefore not part of the replay"))
    }

    @Test("a cancelled replay shows its reason in `show`, in JSON and at the end of --wait")
    func gaveWay() throws {
        var given = replay(sent: 0, total: 0)
        given.refetch = Refetch(parts: [])
        (given.reason, given.state) = ("The spool has no room.", .cancelled)

        let json = try JSONText.of(ReplayStatus(given))

        #expect(ReplayText(given).text.contains("\n  reason   The spool has no room."))
        #expect(ReplayText(given).text.contains("source   was abandoned at"))
        #expect(ReplayEnd(given).text == "replay 1: cancelled, 0 of 0 sent; The spool has no room.")
        #expect(ReplayEnd(given).failure?.status == .undelivered)
        #expect(json.contains(#""reason" : "The spool has no room.""#), "\(json)")
    }

    @Test("the JSON of an estimate has its counts, what the spool holds, and only the rate that applies")
    func estimateJSON() throws {
        var estimate = ReplayEstimate(inWindow: 9, toSend: 8, kernel: 7, deadLetters: 1, sinkRate: 4)
        estimate.seenRate = ReplayEstimate.SeenRate(rate: 100, basis: .minute)
        estimate.holdings = [holding("alerts", events: 3, held: (1_000, 2_000))]
        let time = ReplayTime(request, estimate, isBesideLive: true)

        let json = try JSONText.line(EstimateObject(estimate, time))

        #expect(
            json == """
                {"acknowledged":0,"dead_letters":1,"doubtful":0,"holdings":[{"events":3,"newest_ms":2000,\
                "oldest_ms":1000,"stream":"a/alerts"}],"in_window":9,"kernel":7,"per_second":2,\
                "rate_basis":"measured","seconds":4,"sent":0,"still_to_come_live":0,"to_send":8}
                """
        )
    }

    private func holding(
        _ name: String,
        events: Int,
        held: (oldest: Int64, newest: Int64)?,
        start: Int64? = nil,
        prunedTo: Int64? = nil,
        readTo: Int64? = nil
    ) -> ReplayEstimate.Holding {
        func time(_ milliseconds: Int64?) -> Timestamp? { milliseconds.map { Timestamp(milliseconds: $0) } }
        return ReplayEstimate.Holding(
            name: StreamName(source: "a", stream: name),
            events: events,
            oldest: time(held?.oldest),
            newest: time(held?.newest),
            start: time(start),
            prunedTo: time(prunedTo),
            readTo: time(readTo)
        )
    }

    @Test(
        "with --missing-only over UDP, and for a one-off destination, the output states what is unknown"
    )
    func nothingKnown() {
        let estimate = ReplayEstimate(inWindow: 1, toSend: 1)
        let udp = text(estimate, address: "udp://h:1") { $0.missingOnly = true }
        let tcp = text(estimate) { $0.missingOnly = true }
        let adHoc = text(estimate) { $0.destination = "tcp://h:1" }

        #expect(udp.contains("over UDP arrival is unknown"))
        #expect(!tcp.contains("UDP"))
        #expect(adHoc.contains("it is unknown which events this destination already has"))
    }

    @Test("progress shows the rate of the last ten seconds and the remaining time, and a bar the share")
    func progress() {
        var progress = ReplayProgress()
        let replay = replay(sent: 3_000, total: 6_000)
        progress.note(sent: 0, at: .zero)
        for second in 1...30 { progress.note(sent: second * 100, at: .seconds(second)) }

        #expect(progress.facts(replay) == "3,000 of 6,000 events, 100/s, 30s left")
        #expect(progress.bar(replay) == String(repeating: "█", count: 15) + String(repeating: "░", count: 15))
        #expect(ReplayProgress().facts(replay) == "3,000 of 6,000 events")
    }

    @Test("while the window is read from the source, progress shows that")
    func refetch() {
        var refetching = replay(sent: 0, total: 0)
        var part = Refetch.Part(
            stream: StreamID(1),
            name: StreamName(source: "a", stream: "activities"),
            from: Timestamp(milliseconds: 0),
            to: Timestamp(milliseconds: 100)
        )
        part.place = Refetch.Place(
            readTo: Timestamp(milliseconds: 0),
            seenTo: Timestamp(milliseconds: 25),
            reader: ""
        )
        (part.seen, part.inserted, part.recovered) = (70, 3, 5)
        refetching.refetch = Refetch(parts: [part])

        let facts = ReplayProgress().facts(refetching)

        #expect(
            facts
                == "source is being read, 25 % so far: 70 records, 3 of them new to the spool, "
                + "5 previously deleted by retention"
        )
    }

    @Test("a replay of selected events, created by a repair or requeue, does not claim to send its window")
    func chosen() {
        let window = ReplayText(replay(sent: 0, total: 1)).text
        let chosen = ReplayText(replay(sent: 0, total: 1, hasChosenEvents: true)).text

        #expect(window.contains("\n  sends    all events\n"))
        #expect(chosen.contains("\n  sends    only selected events\n"))
    }

    private func replay(sent: Int, total: Int, hasChosenEvents: Bool = false) -> Replay {
        var replay = Replay(
            id: ReplayID(1),
            sinkID: SinkID(1),
            sink: SinkName("siem"),
            request: request,
            state: .running,
            streams: [],
            total: total,
            sent: sent,
            created: Timestamp(milliseconds: 0)
        )
        replay.hasChosenEvents = hasChosenEvents
        return replay
    }
}
