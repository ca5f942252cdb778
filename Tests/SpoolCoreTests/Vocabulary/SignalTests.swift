import SpoolCore
import Testing

@Suite("Signals", .timeLimit(.minutes(5)))
struct SignalTests {
    let signal = ChangeSignal()

    @Test("a change between looking and waiting is not lost")
    func remembers() async {
        let version = signal.version

        signal.notify()

        await signal.changed(after: version)
        #expect(signal.version > version)
    }

    @Test("several changes count as one")
    func coalesces() async {
        let version = signal.version
        for _ in 0..<10 { signal.notify() }
        await signal.changed(after: version)
        let seen = signal.version

        let waiter = Task { [signal] in
            await signal.changed(after: seen)
            return Task.isCancelled
        }
        waiter.cancel()

        // Only the cancellation woke it: none of the ten changes was left.
        #expect(await waiter.value)
        #expect(signal.version == seen)
    }

    @Test("every waiter is woken by one change")
    func wakesAll() async {
        let version = signal.version
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { [signal] in await signal.changed(after: version) }
            }

            signal.notify()

            await group.waitForAll()
        }
    }

    @Test("no change is missed, however notifying and waiting interleave")
    func missesNothing() async {
        let counter = Counter()
        let total = 20_000

        let waiter = Task { [signal] in
            var seen = 0
            while seen < total {
                let version = signal.version
                seen = await counter.value
                if seen < total { await signal.changed(after: version) }
            }
            return seen
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { [signal] in
                    for _ in 0..<(total / 4) {
                        await counter.increment()
                        signal.notify()
                    }
                }
            }
        }

        #expect(await waiter.value == total)
    }

    @Test("a waiter that is cancelled before or during its wait returns")
    func cancelled() async {
        let version = signal.version
        let (gate, open) = AsyncStream<Void>.makeStream()
        let early = Task { [signal] in
            for await _ in gate { break }
            await signal.changed(after: version)
        }
        let late = Task { [signal] in await signal.changed(after: version) }

        early.cancel()
        open.finish()
        late.cancel()

        await early.value
        await late.value
        #expect(signal.version == version)
    }
}

private actor Counter {
    private(set) var value = 0

    func increment() { value += 1 }
}
