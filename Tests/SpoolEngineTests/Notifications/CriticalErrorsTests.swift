import SpoolCore
import SpoolPipeline
import Testing

@testable import SpoolEngine

/// The count of consecutive critical errors.
struct CriticalErrorsTests {
    @Test(
        "consecutive failures of one part reach the limit; those of several, or around a success, do not"
    )
    func inARow() async {
        let errors = CriticalErrors()
        errors.limit(to: 3)
        for subject in ["source a/activities", "source a/alerts", "sink siem"] {
            errors.noteFailure(subject, "refused")
            errors.noteFailure(subject, "refused")
        }
        errors.noteSuccess("sink siem")
        errors.noteFailure("sink siem", "refused")
        errors.noteFailure("source a/alerts", "no route")

        var first = errors.exceeded.makeAsyncIterator()
        let found = await first.next()

        #expect(found == TooManyCriticalErrors(subject: "source a/alerts", count: 3, cause: "no route"))
    }

    @Test("without a limit there are never too many; a limit set by a reload counts earlier failures")
    func limit() async {
        let errors = CriticalErrors()
        for _ in 0..<1_000 { errors.noteFailure("sink siem", "refused") }
        errors.limit(to: 5)
        errors.noteFailure("sink siem", "refused")

        var first = errors.exceeded.makeAsyncIterator()
        let found = await first.next()

        #expect(found?.count == 1_001)
    }

    @Test(
        "throttling is not a critical error; an unreachable or misconfigured sink is",
        arguments: [
            (SinkFault.Kind.throttled(.seconds(1)), 0), (.unreachable, 1), (.misconfigured, 1),
        ]
    )
    func sinkFaults(_ kind: SinkFault.Kind, _ expected: Int) async {
        let errors = CriticalErrors()
        let sink = CountedSink(sink: FailingSink(fault: SinkFault(kind, "no")), errors: errors)
        await #expect(throws: SinkFault.self) { _ = try await sink.open() }

        // The direct failure shows whether the sink's failure was counted.
        errors.limit(to: 1 + expected)
        errors.noteFailure("sink siem", "last")

        var first = errors.exceeded.makeAsyncIterator()
        let found = await first.next()
        #expect(found?.count == 1 + expected)
    }
}

/// A sink that cannot be reached.
private struct FailingSink: Sink {
    let fault: SinkFault
    let name = SinkName("siem")
    let type = "syslog"
    let address = "tcp://127.0.0.1:9"
    let needsRaw = false
    let doubt = KernelDoubt.none
    let batchLimit = BatchLimit()

    func open() async throws(SinkFault) -> any SinkSession { throw fault }

    func rehearse(_ batch: EventBatch) {}
}
