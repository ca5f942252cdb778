import SpoolCore
import Synchronization
import Testing

@testable import SpoolSources

@Suite("Work that several tasks wait for", .timeLimit(.minutes(5)))
struct SharedWorkTests {
    /// Counts, and reports each change.
    private final class Counter: Sendable {
        private let value = Mutex(0)
        private let changed = ChangeSignal()

        func add() {
            value.withLock { $0 += 1 }
            changed.notify()
        }

        func wait(for count: Int) async {
            while true {
                let version = changed.version
                if value.withLock({ $0 }) >= count { return }
                await changed.changed(after: version)
            }
        }
    }

    /// Work that ends when `gate` is signalled, or when it is cancelled: then its result is 0.
    private func work(_ gate: ChangeSignal) -> SharedWork<Int> {
        SharedWork {
            await gate.changed(after: 0)
            return Task.isCancelled ? 0 : 7
        }
    }

    @Test("a cancelled task stops waiting, and the others get the result")
    func oneLeaves() async {
        let (gate, entered) = (ChangeSignal(), Counter())
        let work = work(gate)
        let stays = Task {
            entered.add()
            return await work.value()
        }
        let leaves = Task {
            entered.add()
            return await work.value()
        }
        await entered.wait(for: 2)
        leaves.cancel()
        let left = await leaves.value
        gate.notify()
        let result = await stays.value

        guard case .cancelled = left else { Issue.record("\(left)"); return }
        guard case .value(7) = result else { Issue.record("\(result)"); return }
    }

    @Test("when the last waiting task has left, the work is cancelled and accepts no new one")
    func allLeave() async {
        let gate = ChangeSignal()
        let work = work(gate)
        let waiting = Task { await work.value() }
        waiting.cancel()
        _ = await waiting.value
        await work.cancel()

        let late = await work.value()

        guard case .abandoned = late else { Issue.record("\(late)"); return }
    }
}
