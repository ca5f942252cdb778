import SpoolCore
import Testing

@Suite("Signals")
struct SignalTests {
    let signal = Signal()

    @Test("a notification that comes while the waiter is busy is kept", .timeLimit(.minutes(1)))
    func remembers() async {
        var wakeUps = signal.waits().makeAsyncIterator()

        signal.notify()

        #expect(await wakeUps.next() != nil)
    }

    @Test("several notifications while the waiter is busy count as one", .timeLimit(.minutes(1)))
    func coalesces() async throws {
        let (results, report) = AsyncStream<Int>.makeStream()
        let wakeUps = signal.waits()
        for _ in 0..<10 { signal.notify() }
        let waiter = Task {
            var count = 0
            for await _ in wakeUps {
                count += 1
                report.yield(count)
            }
            report.finish()
        }

        var counts: [Int] = []
        for await count in results {
            counts.append(count)
            // The waiter has seen what was kept; were there a second one, the stream would not end at one.
            waiter.cancel()
        }

        #expect(counts == [1])
    }

    @Test("every waiter is woken, each for itself", .timeLimit(.minutes(1)))
    func wakesAll() async {
        var first = signal.waits().makeAsyncIterator()
        var second = signal.waits().makeAsyncIterator()

        signal.notify()

        #expect(await first.next() != nil)
        #expect(await second.next() != nil)
    }

    @Test("no change is missed, however notifying and waiting interleave", .timeLimit(.minutes(1)))
    func missesNothing() async {
        let counter = Counter()
        let wakeUps = signal.waits()
        let total = 20_000

        let waiter = Task {
            var seen = 0
            for await _ in wakeUps {
                seen = await counter.value
                if seen == total { break }
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

    @Test("a cancelled waiter's stream ends", .timeLimit(.minutes(1)))
    func ends() async {
        let wakeUps = signal.waits()
        let waiter = Task { for await _ in wakeUps {} }

        waiter.cancel()

        await waiter.value
        signal.notify()
    }
}

private actor Counter {
    private(set) var value = 0

    func increment() { value += 1 }
}
