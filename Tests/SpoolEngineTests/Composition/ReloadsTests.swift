import SpoolCore
import Testing

@testable import SpoolEngine

@Suite("Reloads", .timeLimit(.minutes(5)))
struct ReloadsTests {
    private struct Mistake: Error, CustomStringConvertible {
        var description = "spool.path has changed\u{1B}[31m"
    }

    private let refusal = Reloads.Refusal(
        Mistake(),
        path: "/etc/spool/spool.yaml",
        at: Timestamp(milliseconds: 1_795_000_000_000)
    )

    @Test("one reload answers all requests made before it started, and none made later")
    func numbers() async throws {
        let reloads = Reloads()
        let first = reloads.ask()
        let second = reloads.ask()
        let number = try #require(await reloads.next())
        let late = reloads.ask()
        reloads.finish(number, .init(refusal: refusal))

        #expect(try await reloads.outcome(of: first).refusal == refusal)
        #expect(try await reloads.outcome(of: second).refusal == refusal)
        #expect(await reloads.next() == late)
        #expect(reloads.refusal == refusal)

        reloads.finish(late, .init())
        #expect(try await reloads.outcome(of: late) == .init())
        #expect(reloads.refusal == nil)
    }

    @Test("a stop ends the wait for a request, and the wait for an outcome")
    func stop() async throws {
        let reloads = Reloads()
        let next = Task { await reloads.next() }
        let number = reloads.ask() + 1
        _ = await next.value
        let outcome = Task { try await reloads.outcome(of: number) }

        reloads.stop()

        await #expect(throws: CancellationError.self) { try await outcome.value }
        #expect(await reloads.next() == nil)
        #expect(reloads.isStopped)
    }

    @Test("a cancelled task does not wait for an outcome")
    func cancelled() async throws {
        let reloads = Reloads()
        let number = reloads.ask()
        let outcome = Task { try await reloads.outcome(of: number) }
        outcome.cancel()

        await #expect(throws: CancellationError.self) { try await outcome.value }
    }

    @Test("the cause of a refusal is a single printable line")
    func cause() {
        #expect(refusal.cause == "spool.path has changed\\x1B[31m")
    }
}
