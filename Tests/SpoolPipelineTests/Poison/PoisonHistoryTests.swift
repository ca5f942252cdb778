import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Crash history")
struct PoisonHistoryTests {
    private let sink = SinkName("siem")

    @Test("from the third crash, a batch is processed one by one, and a single event is skipped")
    func counts() {
        let batch = PoisonMark.batch(from: Seq(1), sink)
        let event = PoisonMark.event(Seq(3), sink)

        #expect(!PoisonHistory([batch: 2]).isSuspect(batch))
        #expect(PoisonHistory([batch: 3]).isSuspect(batch))
        #expect(!PoisonHistory([batch: 3]).knowsOne(of: "siem"))
        // A kill of the process may occasionally leave an event's mark behind.
        #expect(!PoisonHistory([event: 2]).hasTrapped(event))
        #expect(!PoisonHistory([event: 2]).knowsOne(of: "siem"))
        #expect(PoisonHistory([event: 3]).hasTrapped(event))
        #expect(PoisonHistory([event: 3]).knowsOne(of: "siem"))
        #expect(!PoisonHistory([event: 3]).knowsOne(of: "other"))
    }

    @Test("a page keeps its mark across restarts: values that differ at every start are not part of it")
    func samePlace() {
        let stream = StreamName(source: "contoso", stream: "activities")
        var scan = Scan(reason: .sweep, from: Sample.now, to: Sample.now + .minutes(5), filterHash: "f")
        let mark = PoisonMark.page(of: scan, stream)
        scan.to = Sample.now + .minutes(6)

        #expect(PoisonMark.page(of: scan, stream) == mark)
        scan.position = "further"
        #expect(PoisonMark.page(of: scan, stream) != mark)
    }

    @Test("a batch is split around the events to be buried, in order, and covers the same range")
    func split() {
        let batch = LaneBatch(
            lane: Sample.lane(1),
            events: Sample.batch([2, 3, 5, 7, 11], breaks: [3]),
            through: Seq(20),
            epoch: 4
        )

        let parts = batch.split(burying: [1, 4])

        #expect(parts.map(\.seqs) == [[2], [3], [5, 7], [11]])
        #expect(parts.map(\.isBuried) == [false, true, false, true])
        #expect(parts.map(\.batch.through) == [Seq(2), Seq(3), Seq(7), Seq(20)])
        #expect(parts.map(\.batch.events.breaks) == [[], [], [1], []])
        #expect(parts.allSatisfy { $0.batch.epoch == 4 && $0.batch.lane == Sample.lane(1) })
        #expect(batch.singly(burying: [2]).map(\.isBuried) == [false, false, true, false, false])
        #expect(batch.split(burying: []).map(\.seqs) == [[2, 3, 5, 7, 11]])
    }
}

extension PoisonGuard.Part {
    fileprivate var batch: LaneBatch {
        switch self {
        case .send(let batch), .bury(let batch): batch
        }
    }

    fileprivate var seqs: [Int64] { batch.events.seqs }

    fileprivate var isBuried: Bool {
        if case .bury = self { return true }
        return false
    }
}
