import SpoolCore
import SpoolPipeline
import Synchronization
import Testing

@testable import SpoolEngine

@Suite("The loops of a configuration", .timeLimit(.minutes(5)))
struct LoopSupervisorTests {
    /// The notes of the loops.
    private final class Notes: Sendable {
        private let list = Mutex<[String]>([])
        let changed = ChangeSignal()

        var all: [String] { list.withLock { $0 } }

        func add(_ note: String) {
            list.withLock { $0.append(note) }
            changed.notify()
        }

        func wait(for note: String) async {
            while true {
                let version = changed.version
                if all.contains(note) { return }
                await changed.changed(after: version)
            }
        }
    }

    private let notes = Notes()

    /// A loop that ends when it is stopped, but not before `gate` is notified.
    private func job(_ name: String, gate: ChangeSignal? = nil) -> LoopSupervisor.Loop {
        LoopSupervisor.Loop(name: name, fingerprint: "") { [notes] stop throws(StoreError) in
            notes.add("\(name) begins")
            await stop.asked()
            notes.add("\(name) is asked to stop")
            await gate?.changed(after: 0)
            notes.add("\(name) ends")
        }
    }

    @Test("a stop during a reload starts nothing new, and waits for the loops that the reload is stopping")
    func stopDuringReload() async {
        let (workforce, gate) = (LoopSupervisor(), ChangeSignal())
        await workforce.run([job("old", gate: gate)])
        await notes.wait(for: "old begins")
        let reload = Task { await workforce.run([job("new")]) }
        await notes.wait(for: "old is asked to stop")
        let stop = Task { [notes] in
            await workforce.stop()
            notes.add("stopped")
        }
        let failed = Task { for await _ in workforce.failed {} }

        gate.notify()
        await stop.value
        let isComplete = await reload.value
        await failed.value

        #expect(!isComplete)
        #expect(notes.all == ["old begins", "old is asked to stop", "old ends", "stopped"])
    }

    @Test("after a stop nothing is started")
    func afterStop() async {
        let workforce = LoopSupervisor()
        await workforce.stop()

        #expect(await workforce.run([job("late")]) == false)
        #expect(notes.all.isEmpty)
    }

    @Test("a reload leaves unchanged loops alone")
    func unchanged() async {
        let workforce = LoopSupervisor()
        await workforce.run([job("a")])
        await notes.wait(for: "a begins")

        let isComplete = await workforce.run([job("a"), job("b")])
        await notes.wait(for: "b begins")

        #expect(isComplete)
        #expect(notes.all == ["a begins", "b begins"])
        await workforce.stop()
    }
}
