import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Samples, rates and history")
struct SampleTests {
    @Test("a history aggregates samples by steps, and omits steps in which no daemon ran")
    func history() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.sample(at: .t(0))
        try await test.append(stream, [.at(1), .at(2), .at(3)])
        try await test.spool.sample(at: .t(60))
        try await test.spool.deliver(sink, limit: 2)
        try await test.spool.sample(at: .t(120))
        try await test.spool.deliver(sink)
        try await test.spool.sample(at: .t(600))

        let history = try await test.spool.history(from: .t(0), step: .minutes(2), count: 6)

        #expect(
            history.streams[stream] == [
                0: StreamStep(first: 0, last: 3), 1: StreamStep(first: 3, last: 3),
                5: StreamStep(first: 3, last: 3),
            ]
        )
        #expect(
            history.sinks[sink] == [
                0: SinkStep(first: 0, last: 0, peak: 3, waiting: 3),
                1: SinkStep(first: 2, last: 2, peak: 1, waiting: 1),
                5: SinkStep(first: 3, last: 3, peak: 0, waiting: 0),
            ]
        )
    }

    @Test("samples older than two days are deleted")
    func forgetting() async throws {
        let test = try TestSpool()
        _ = try await test.register()
        try await test.spool.sample(at: .t(0))
        try await test.spool.sample(at: .t(60))

        try await test.spool.sample(at: .t(60) + Spool.samplesKept)

        #expect(try await test.values("SELECT at_ms FROM stream_sample").count == 2)
        #expect(try await test.values("SELECT at_ms FROM sink_sample").count == 2)
    }

    @Test(
        "a rate covers the last minute, or the time since the daemon started",
        arguments: [
            // The counter is 100 at 600 s: earlier samples, and the rate.
            ([(540, 40)], 60), ([(480, 40), (590, 90)], 30), ([(580, 90), (590, 95)], 10), ([], 0),
            ([(200, 0)], 0), ([(540, 100)], 0), ([(540, 120)], 0),
        ] as [([(Int, Int)], Int)]
    )
    func rate(samples: [(Int, Int)], perMinute: Int) {
        let known = samples.map { CounterSample(at: .t($0.0), count: $0.1) }

        #expect(SpoolRates.perMinute(CounterSample(at: .t(600), count: 100), since: known) == perMinute)
    }

    @Test("rates of streams and sinks are read from the samples")
    func rates() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.sample(at: .t(0))
        try await test.append(stream, [.at(1), .at(2), .at(3)])
        try await test.spool.deliver(sink, limit: 2)

        let rates = try await test.spool.rates(at: .t(60))

        #expect(rates.streams == [stream: 3])
        #expect(rates.sinks == [sink: 2])
        #expect(try await test.spool.rates(at: .t(400)).streams == [stream: 0])
    }

    @Test("the total of failed attempts only grows; a success resets only the attempts since the last one")
    func failures() async throws {
        let test = try TestSpool()
        let (_, sink) = try await test.register().only()
        for attempts in [1, 2, 1] {
            try await test.spool.report(
                SinkReport(state: .retrying, lastError: "refused", attempts: attempts, retryAt: .t(9)),
                of: sink
            )
            try await test.spool.report(SinkReport(state: .connected, attempts: attempts), of: sink)
        }

        #expect(try await test.spool.failures() == [sink: 3])
    }
}
