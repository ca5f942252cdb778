import SpoolCore
import SpoolPipeline
import Testing

@testable import SpoolEngine

/// When there are too many critical errors.
struct CriticalErrorsTests {
    @Test(
        "so many failures in a row of one of them are too many; those of several, or with a success between, are not"
    )
    func inARow() async {
        let errors = CriticalErrors()
        errors.limit(to: 3)
        for subject in ["source a/activities", "source a/alerts", "sink siem"] {
            errors.failed(subject, "refused")
            errors.failed(subject, "refused")
        }
        errors.succeeded("sink siem")
        errors.failed("sink siem", "refused")
        errors.failed("source a/alerts", "no route")

        var first = errors.exceeded.makeAsyncIterator()
        let found = await first.next()

        #expect(found == TooManyCriticalErrors(subject: "source a/alerts", count: 3, cause: "no route"))
    }

    @Test("without a limit there are never too many; one that a reload sets counts what has failed before")
    func limit() async {
        let errors = CriticalErrors()
        for _ in 0..<1_000 { errors.failed("sink siem", "refused") }
        errors.limit(to: 5)
        errors.failed("sink siem", "refused")

        var first = errors.exceeded.makeAsyncIterator()
        let found = await first.next()

        #expect(found?.count == 1_001)
    }

    @Test(
        "throttling is none; what keeps a sink from being reached, or is wrongly set up, is one",
        arguments: [
            (SinkFault.Kind.throttled(.seconds(1)), 0), (.unreachable, 1), (.misconfigured, 1),
        ]
    )
    func sinkFaults(_ kind: SinkFault.Kind, _ expected: Int) async {
        let errors = CriticalErrors()
        let sink = CountedSink(sink: FailingSink(fault: SinkFault(kind, "no")), errors: errors)
        await #expect(throws: SinkFault.self) { _ = try await sink.open() }

        // The second one of its own tells whether the first was counted.
        errors.limit(to: 1 + expected)
        errors.failed("sink siem", "last")

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
