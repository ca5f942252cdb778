import Foundation
import SpoolNetwork
import Testing

@Suite("Blocking calls", .timeLimit(.minutes(5)))
struct BlockingCallTests {
    private struct Refused: Error {}

    @Test("a call's result and its error are returned")
    func results() async throws {
        #expect(try await BlockingCall.run { 7 } == 7)
        await #expect(throws: Refused.self) { try await BlockingCall.run { throw Refused() } }
    }

    @Test(
        "a cancelled task does not wait for a blocking call, such as a name lookup without an answer"
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
