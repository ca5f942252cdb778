import SpoolCore
import SpoolPipeline
import Synchronization
import Testing

@Suite("Permits", .timeLimit(.minutes(5)))
struct AsyncSemaphoreTests {
    private let stop = ShutdownRequest()

    @Test("a task without a permit waits until one is returned, or until a stop")
    func waits() async {
        let permits = AsyncSemaphore(2)
        #expect(await permits.take(stop: stop))
        #expect(await permits.take(stop: stop))
        let got = Mutex(false)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { [stop] in await permits.take(stop: stop) }
            permits.give()
            let first = await group.next() ?? false
            got.withLock { $0 = first }
            group.addTask { [stop] in await permits.take(stop: stop) }
            stop.ask()
            #expect(await group.next() == false)
        }

        #expect(got.withLock { $0 })
    }

    @Test("a task cancelled while waiting leaves the permit to the next")
    func cancelled() async {
        let permits = AsyncSemaphore(1)
        _ = await permits.take(stop: stop)
        let gone = Task { [stop] in await permits.take(stop: stop) }
        gone.cancel()
        #expect(await gone.value == false)

        async let next = permits.take(stop: stop)
        permits.give()

        #expect(await next)
    }
}
