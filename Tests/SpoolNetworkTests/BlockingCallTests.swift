import Foundation
import SpoolNetwork
import Testing

@Suite("Calls that block", .timeLimit(.minutes(5)))
struct BlockingCallTests {
    private struct Refused: Error {}

    @Test("a call's result and its error are returned")
    func results() async throws {
        #expect(try await BlockingCall.run { 7 } == 7)
        await #expect(throws: Refused.self) { try await BlockingCall.run { throw Refused() } }
    }

    @Test(
        "a cancelled task does not wait for the end of a call that blocks, as a name server that never answers does"
    )
    func cancelled() async throws {
        let (hasBegun, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let waiting = Task {
            try await BlockingCall.run {
                hasBegun.signal()
                mayEnd.wait()
            }
        }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                hasBegun.wait()
                continuation.resume()
            }
        }

        waiting.cancel()

        await #expect(throws: CancellationError.self) { try await waiting.value }
        mayEnd.signal()
    }
}
