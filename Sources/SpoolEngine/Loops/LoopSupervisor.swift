import SpoolCore
import SpoolPipeline
import Synchronization

/// The loops of a configuration while they run: one for each source and sink, each with its own end.
///
/// A reload compares fingerprints: what has not changed goes on untouched, what has changed or left is
/// stopped first, and only then does its successor begin.
final class LoopSupervisor: Sendable {
    /// A loop to be run under a name.
    struct Loop: Sendable {
        /// `source contoso`, `sink siem`: what it is.
        let name: String
        /// Changes when its settings change.
        let fingerprint: String
        let work: @Sendable (Stop) async throws(StoreError) -> Void
    }

    private struct Running: Sendable {
        let fingerprint: String
        let stop: Stop
        let task: Task<Void, Never>
    }

    private struct State {
        var running: [String: Running] = [:]
        /// Told to stop by a reload that waits for them.
        var leaving: [Running] = []
        /// Set by `stop`: nothing is started any more.
        var isStopped = false
    }

    private let state = Mutex(State())
    private let failures: AsyncStream<StoreError>.Continuation
    /// Errors that make the spool unusable; the first one ends the daemon.
    let failed: AsyncStream<StoreError>

    init() { (failed, failures) = AsyncStream<StoreError>.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// Makes exactly these jobs run; returns when those that had to stop have stopped.
    ///
    /// After `stop`, also while this waits, it starts nothing.
    ///
    /// - Returns: false when `stop` was called first, so that not all of the jobs run.
    @discardableResult
    func run(_ loops: [Loop]) async -> Bool {
        let wanted = Dictionary(loops.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let leaving = state.withLock { state in
            guard !state.isStopped else { return [Running]() }
            let names = state.running.keys.filter {
                wanted[$0]?.fingerprint != state.running[$0]?.fingerprint
            }
            let leaving = names.compactMap { state.running.removeValue(forKey: $0) }
            state.leaving += leaving
            return leaving
        }
        await Self.end(leaving)
        return state.withLock { state in
            guard !state.isStopped else { return false }
            state.leaving.removeAll()
            for loop in loops where state.running[loop.name] == nil { state.running[loop.name] = start(loop) }
            return true
        }
    }

    /// Stops everything and waits for it, also for what a reload has told to stop.
    func stop() async {
        let all = state.withLock { state in
            state.isStopped = true
            defer { state.running.removeAll() }
            return Array(state.running.values) + state.leaving
        }
        await Self.end(all)
        failures.finish()
    }

    // The tasks are owned here: `run` and `stop` end and await every one of them.
    private func start(_ loop: Loop) -> Running {
        let stop = Stop()
        let task = Task { [failures] in
            do throws(StoreError) {
                try await loop.work(stop)
            } catch {
                failures.yield(error)
            }
        }
        return Running(fingerprint: loop.fingerprint, stop: stop, task: task)
    }

    private static func end(_ leaving: [Running]) async {
        for loop in leaving { loop.stop.ask() }
        for loop in leaving { await loop.task.value }
    }
}
