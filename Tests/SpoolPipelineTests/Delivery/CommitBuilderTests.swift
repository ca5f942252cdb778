import SpoolCore
import SpoolPipeline
import Testing

@Suite("Commit builder")
struct CommitBuilderTests {
    var builder = CommitBuilder(sink: SinkID(1), connection: ConnectionID(4), at: Sample.now)

    @Test("joins consecutive live batches with the same outcome")
    mutating func joins() {
        builder.add(Sample.settled([1, 2], [.delivered(2)], bytes: 20))
        builder.add(Sample.settled([5, 6], [.delivered(2)], bytes: 30))
        let entries = builder.commit.entries

        #expect(entries.count == 1)
        #expect(entries.first?.first == Seq(1) && entries.first?.last == Seq(6))
        #expect(entries.first?.events == 4 && entries.first?.bytes == 50)
        #expect(entries.first?.connection == ConnectionID(4))
        #expect(builder.commit.watermarks == [SubscriptionID(1): Seq(6)])
    }

    @Test("starts a row when the outcome, the attempts or the stream changes, and for every refusal")
    mutating func splits() {
        builder.add(Sample.settled([1, 2, 3, 4], [.delivered(1), .filtered(1), .delivered(2)]))
        builder.add(Sample.settled([5], [.delivered(1)], attempts: 2))
        builder.add(Sample.settled([7], [.delivered(1)], lane: 2))
        builder.add(Sample.settled([6], [.refused(1)], attempts: 2))
        builder.add(Sample.settled([8], [.refused(1)], attempts: 2))

        #expect(builder.commit.entries.map(\.first) == [1, 2, 3, 5, 7, 6, 8].map { Seq($0) })
        #expect(builder.commit.watermarks == [SubscriptionID(1): Seq(8), SubscriptionID(2): Seq(7)])
    }

    @Test("continues a stream's row even with rows of other streams between")
    mutating func interleaved() {
        builder.add(Sample.settled([1], [.delivered(1)]))
        builder.add(Sample.settled([2], [.delivered(1)], lane: 2))
        builder.add(Sample.settled([3], [.delivered(1)]))

        #expect(builder.commit.entries.map(\.events) == [2, 1])
    }

    @Test("never joins batches of a replay, since events between them may have been skipped")
    mutating func replays() {
        let lane = Lane.replay(ReplayID(9), StreamID(1))
        for seqs in [[1, 2], [7, 8]] as [[Int64]] {
            let batch = LaneBatch(lane: lane, events: Sample.batch(seqs), through: Seq(seqs[1] + 2))
            builder.add(Sample.settled(batch, [.delivered(2)]))
        }

        #expect(builder.commit.entries.map(\.replay) == [ReplayID(9), ReplayID(9)])
        #expect(builder.commit.watermarks.isEmpty)
        let position = ReplayPosition(replay: ReplayID(9), stream: StreamID(1), position: Seq(10), sent: 4)
        #expect(builder.commit.replayPositions == [position])
    }

    @Test("a batch to be sent again from its first event writes no row")
    mutating func nothing() {
        builder.add(Sample.settled([7, 8], [.retry(2)]))

        #expect(builder.commit.entries.isEmpty)
        #expect(builder.commit.watermarks == [SubscriptionID(1): Seq(6)])
    }

    @Test("lists events with shortened messages in the row that covers them")
    mutating func shortened() {
        var inFlight = InFlight()
        for seqs in [[1, 2, 3], [5, 6]] as [[Int64]] {
            let number = inFlight.begin(Sample.laneBatch(seqs), attempts: 1, at: Sample.now)
            let runs: [OutcomeRun] = number == 0 ? [.delivered(2), .unsent(1)] : [.delivered(2)]
            let settled = SettledBatch(batch: number, runs: runs, bytes: 10, cut: [1])
            if let lane = inFlight.settle(settled) { builder.add(lane) }
        }

        #expect(builder.commit.entries.map(\.cut) == [[Seq(2)], [], [Seq(6)]])
    }

    @Test("joined rows list the shortened messages of both")
    mutating func shortenedJoined() {
        var inFlight = InFlight()
        for seqs in [[1, 2], [3, 4]] as [[Int64]] {
            let number = inFlight.begin(Sample.laneBatch(seqs), attempts: 1, at: Sample.now)
            let settled = SettledBatch(batch: number, runs: [.delivered(2)], bytes: 10, cut: [0])
            if let lane = inFlight.settle(settled) { builder.add(lane) }
        }

        #expect(builder.commit.entries.map(\.cut) == [[Seq(1), Seq(3)]])
    }
}
