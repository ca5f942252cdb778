import SpoolCore
import SpoolPipeline
import Synchronization

/// Runs the loops of a configuration, each with its own stop.
///
/// A reload compares fingerprints: unchanged loops continue untouched; changed and removed loops are stopped
/// first, and their successors start afterwards.
final class LoopSupervisor: Sendable {
    /// A loop to be run under a name.
    struct Loop: Sendable {
        /// Identifies the loop: `source contoso`, `sink siem`.
        let name: String
        /// Changes when its settings change.
        let fingerprint: String
        let work: @Sendable (ShutdownRequest) async throws(StoreError) -> Void
    }

    private struct Running: Sendable {
        let fingerprint: String
        let stop: ShutdownRequest
        let task: Task<Void, Never>
    }

    private struct State {
        var running: [String: Running] = [:]
        /// Loops that a reload is stopping and waiting for.
        var leaving: [Running] = []
        /// Set by `stop`: no loop is started afterwards.
        var isStopped = false
    }

    private let state = Mutex(State())
    private let failures: AsyncStream<StoreError>.Continuation
    /// Errors that make the spool unusable; the first one ends the daemon.
    let failed: AsyncStream<StoreError>

    init() { (failed, failures) = AsyncStream<StoreError>.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// Runs exactly these loops; returns when all others have stopped.
    ///
    /// Starts nothing once `stop` has been called, even if it is called while this waits.
    ///
    /// - Returns: false if `stop` was called first, so that not all of the loops run.
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

    /// Stops all loops and waits for them, including those that a reload is stopping.
    func stop() async {
        let all = state.withLock { state in
            state.isStopped = true
            defer { state.running.removeAll() }
            return Array(state.running.values) + state.leaving
        }
        await Self.end(all)
        failures.finish()
    }

    // The supervisor owns the tasks: `run` and `stop` end and await each of them.
    private func start(_ loop: Loop) -> Running {
        let stop = ShutdownRequest()
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
