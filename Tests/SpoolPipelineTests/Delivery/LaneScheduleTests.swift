import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Lane schedule")
struct LaneScheduleTests {
    var schedule = LaneSchedule()

    private mutating func read(_ lane: Lane, through: Int64, isAtEnd: Bool = false) -> Bool {
        guard let reading = schedule.reading(of: lane) else { return false }
        return schedule.noteTaken(reading, through: Seq(through), isAtEnd: isAtEnd)
    }

    private func after(_ lane: Lane) -> Int64? { schedule.reading(of: lane)?.after.value }

    private let replay = Lane.replay(ReplayID(7), StreamID(1))

    @Test("live lanes take turns, each from its watermark")
    mutating func turns() {
        schedule.set(live: [Sample.subscription(1, watermark: 5), Sample.subscription(2)], replays: [])
        var order: [Lane] = []
        for step in 1...4 {
            guard let lane = schedule.order().first else { break }
            order.append(lane)
            _ = read(lane, through: Int64(10 * step))
        }

        #expect(order == [1, 2, 1, 2].map(Sample.lane))
    }

    @Test("while live lanes have work a replay gets one batch for each live batch, and all turns afterwards")
    mutating func replayTurns() {
        schedule.set(live: [Sample.subscription(1)], replays: [Sample.replay(7, last: [100])])
        var order: [Lane] = []
        for step in 1...4 {
            guard let lane = schedule.order().first else { break }
            order.append(lane)
            _ = read(lane, through: Int64(step))
        }
        if let reading = schedule.reading(of: Sample.lane(1)) { schedule.noteEmpty(reading) }

        #expect(order == [Sample.lane(1), replay, Sample.lane(1), replay])
        #expect(schedule.order() == [replay])
        schedule.refill()
        #expect(schedule.order().contains(Sample.lane(1)))
    }

    @Test("a read that ends after a rewind moves nothing, so no event is skipped")
    mutating func lateRead() throws {
        schedule.set(live: [Sample.subscription(1)], replays: [Sample.replay(7, last: [100])])
        _ = read(Sample.lane(1), through: 10)
        let late = try #require(schedule.reading(of: Sample.lane(1)))
        let lateSlice = try #require(schedule.reading(of: replay))
        schedule.rewind()

        let isTaken = schedule.noteTaken(late, through: Seq(20))
        schedule.noteSkipped(lateSlice, through: Seq(100), isAtEnd: true)
        schedule.noteEmpty(late)

        #expect(!isTaken)
        #expect(after(Sample.lane(1)) == 0 && after(replay) == 0)
        #expect(schedule.order().count == 2)
        #expect(schedule.takeFinished() == [])
    }

    @Test("a batch read before a rewind, or of a lane that is gone, must not be sent")
    mutating func staleBatch() throws {
        schedule.set(live: [Sample.subscription(1)], replays: [])
        let reading = try #require(schedule.reading(of: Sample.lane(1)))
        let batch = LaneBatch(lane: reading.lane, events: Sample.batch([1]), through: Seq(1))
        #expect(schedule.isCurrent(batch))

        var rewound = schedule
        rewound.rewind()
        schedule.set(live: [], replays: [])

        #expect(!rewound.isCurrent(batch))
        #expect(!schedule.isCurrent(batch))
    }

    @Test("a replay ends only when its last batch is settled, not when it was read")
    mutating func endsWhenSettled() {
        schedule.set(live: [], replays: [Sample.replay(7, last: [100])])
        _ = read(replay, through: 50)
        _ = read(replay, through: 100, isAtEnd: true)
        schedule.noteSettled(replay, through: Seq(50))

        #expect(schedule.takeFinished() == [])
        schedule.noteSettled(replay, through: Seq(100))
        #expect(schedule.takeFinished() == [ReplayID(7)])
        #expect(schedule.takeFinished() == [])
        #expect(schedule.order() == [])
    }

    @Test("a replay whose last slice is empty ends when the batches before it are settled")
    mutating func emptyEnd() throws {
        schedule.set(live: [], replays: [Sample.replay(7, last: [100])])
        _ = read(replay, through: 50)
        let tail = try #require(schedule.reading(of: replay))
        schedule.noteSkipped(tail, through: Seq(100), isAtEnd: true)

        #expect(schedule.takeFinished() == [])
        schedule.noteSettled(replay, through: Seq(50))
        #expect(schedule.takeFinished() == [ReplayID(7)])
    }

    @Test("a replay of two streams ends with the second, one without streams ends immediately")
    mutating func streamsOfReplay() {
        schedule.set(live: [], replays: [Sample.replay(7, last: [100, 100]), Sample.replay(8, last: [])])
        _ = read(replay, through: 100, isAtEnd: true)
        schedule.noteSettled(replay, through: Seq(100))

        #expect(schedule.takeFinished() == [ReplayID(8)])
        let second = Lane.replay(ReplayID(7), StreamID(2))
        _ = read(second, through: 100, isAtEnd: true)
        schedule.noteSettled(second, through: Seq(100))
        #expect(schedule.takeFinished() == [ReplayID(7)])
    }

    @Test(
        "paused, cancelled and disabled replays have no lane",
        arguments: [Replay.State.paused, .cancelled, .disabled]
    )
    func notRunning(state: Replay.State) {
        var schedule = LaneSchedule()
        schedule.set(live: [], replays: [Sample.replay(7, last: [100], state: state)])

        #expect(schedule.order() == [])
        #expect(schedule.takeFinished() == [])
    }

    @Test(
        "a resumed replay continues after batches still in flight, or at its position after a loss"
    )
    mutating func comesBack() {
        let replay7 = Sample.replay(7, last: [100], position: 10)
        schedule.set(live: [], replays: [replay7])
        _ = read(replay, through: 30)
        schedule.set(live: [], replays: [])
        schedule.set(live: [], replays: [replay7]) { _ in Seq(30) }

        #expect(after(replay) == 30)
        schedule.rewind()
        #expect(after(replay) == 10)
    }

    @Test("remaining lanes keep their positions")
    mutating func keepsPlace() {
        schedule.set(live: [Sample.subscription(1)], replays: [])
        _ = read(Sample.lane(1), through: 40)
        schedule.set(live: [Sample.subscription(1, watermark: 20), Sample.subscription(2)], replays: [])

        #expect(after(Sample.lane(1)) == 40)
    }

    @Test("no sequence of reads, losses and settlements skips an event", arguments: 1...50)
    func property(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var schedule = LaneSchedule()
        schedule.set(live: [Sample.subscription(1)], replays: [])
        let lane = Sample.lane(1)
        var pending: [LaneReading] = []
        var sent: [ClosedRange<Int64>] = []
        var settled: Int64 = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: if let reading = schedule.reading(of: lane) { pending.append(reading) }
            case 2, 3:
                guard let index = pending.indices.randomElement(using: &random) else { continue }
                let reading = pending.remove(at: index)
                let through = reading.after.value + Int64.random(in: 1...9, using: &random)
                if schedule.noteTaken(reading, through: Seq(through)) {
                    sent.append(reading.after.value + 1...through)
                }
            case 4:
                guard !sent.isEmpty else { continue }
                let first = sent.removeFirst()
                #expect(first.lowerBound == settled + 1, "seed \(seed)")
                settled = first.upperBound
                schedule.noteSettled(lane, through: Seq(settled))
            default:
                sent = []
                schedule.rewind()
            }
        }
    }
}
