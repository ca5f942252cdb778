import SpoolCore
import Testing

@testable import spool

@Suite("What `spool replay` says")
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

    @Test("how many events the sink has, and on which evidence")
    func evidence() {
        let text = text(ReplayEstimate(inWindow: 9, toSend: 9, acknowledged: 2, kernel: 4, sent: 3))

        #expect(text.contains("2 acknowledged by the receiver"))
        #expect(text.contains("4 written to the receiver's socket"))
        #expect(text.contains("3 handed to the network (UDP); nothing is known of their arrival"))
        #expect(text.contains("9 would be sent again"))
    }

    @Test("notifications that are left out are told of")
    func leftOut() {
        let estimate = ReplayEstimate(inWindow: 9, toSend: 9)
        func text(_ leavesOut: Bool) -> String {
            EstimateText(request, estimate, address: "", isBesideLive: true, leavesOut: leavesOut).text
        }
        let line =
            "  the spool's own notifications are left out; `--stream spool/notifications` sends them again"

        #expect(text(true).split(separator: "\n").contains(Substring(line)))
        #expect(!text(false).contains("notifications"))
    }

    @Test("how long it takes: by --rate, by half of what the sink takes, by all of it, or unknown")
    func time() {
        let known = ReplayEstimate(inWindow: 6_000, toSend: 6_000, sinkRate: 100)
        let unknown = ReplayEstimate(inWindow: 6_000, toSend: 6_000)

        #expect(text(known).contains("about 2m, at 50 events a second (half of what the sink takes)"))
        #expect(text(known, isBesideLive: false).contains("about 1m, at 100 events a second"))
        #expect(text(known) { $0.rate = 1 }.contains("about 1h 40m, at 1 events a second (--rate)"))
        #expect(text(unknown).contains("is not known: what this sink takes was not measured yet"))
        #expect(!text(ReplayEstimate()).contains("not known"))
    }

    @Test(
        "on UDP missing only knows nothing of arrival, and of an ad-hoc destination nothing is known at all"
    )
    func nothingKnown() {
        let estimate = ReplayEstimate(inWindow: 1, toSend: 1)
        let udp = text(estimate, address: "udp://h:1") { $0.missingOnly = true }
        let tcp = text(estimate) { $0.missingOnly = true }
        let adHoc = text(estimate) { $0.destination = "tcp://h:1" }

        #expect(udp.contains("over UDP nothing is known of arrival"))
        #expect(!tcp.contains("UDP"))
        #expect(adHoc.contains("nothing is known of what this destination already has"))
    }

    @Test("progress tells the rate of the last ten seconds and the time left, and a bar its share")
    func progress() {
        var progress = ReplayProgress()
        let replay = replay(sent: 3_000, total: 6_000)
        progress.note(sent: 0, at: .zero)
        for second in 1...30 { progress.note(sent: second * 100, at: .seconds(second)) }

        #expect(progress.facts(replay) == "3000 of 6000 events, 100/s, 30s left")
        #expect(progress.bar(replay) == String(repeating: "█", count: 15) + String(repeating: "░", count: 15))
        #expect(ReplayProgress().facts(replay) == "3000 of 6000 events")
    }

    @Test("while the window is read from the source, progress tells of that")
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
                == "source is being read, 25 % so far: 70 records, of them 3 new to the spool, 5 that retention had taken"
        )
    }

    @Test("a replay of chosen events, as a repair or a requeue makes it, does not claim its window")
    func chosen() {
        let window = ReplayText(replay(sent: 0, total: 1)).text
        let chosen = ReplayText(replay(sent: 0, total: 1, hasChosenEvents: true)).text

        #expect(window.contains("\n  sends    all of it\n"))
        #expect(chosen.contains("\n  sends    exactly these events\n"))
    }

    private func replay(sent: Int, total: Int, hasChosenEvents: Bool = false) -> Replay {
        Replay(
            id: ReplayID(1),
            sinkID: SinkID(1),
            sink: SinkName("siem"),
            request: request,
            state: .running,
            streams: [],
            total: total,
            sent: sent,
            created: Timestamp(milliseconds: 0),
            finished: nil,
            hasChosenEvents: hasChosenEvents
        )
    }
}
