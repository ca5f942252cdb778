import SpoolCore
import SpoolPipeline
import Synchronization

/// The loops of a configuration while they run: one for each source and sink, each with its own end.
///
/// A reload compares fingerprints: what has not changed goes on untouched, what has changed or left is
/// stopped first, and only then does its successor begin.
final class Workforce: Sendable {
    /// A loop to be run under a name.
    struct Job: Sendable {
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

    private let running = Mutex<[String: Running]>([:])
    private let failures: AsyncStream<StoreError>.Continuation
    /// Errors that make the spool unusable; the first one ends the daemon.
    let failed: AsyncStream<StoreError>

    init() { (failed, failures) = AsyncStream<StoreError>.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// Makes exactly these jobs run; returns when those that had to stop have stopped.
    func run(_ jobs: [Job]) async {
        let wanted = Dictionary(jobs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let leaving = running.withLock { running in
            let names = running.keys.filter { wanted[$0]?.fingerprint != running[$0]?.fingerprint }
            return names.compactMap { running.removeValue(forKey: $0) }
        }
        await Self.end(leaving)
        for job in jobs where running.withLock({ $0[job.name] == nil }) { start(job) }
    }

    /// Stops everything and waits for it.
    func stop() async {
        let all = running.withLock { running in
            defer { running.removeAll() }
            return Array(running.values)
        }
        await Self.end(all)
        failures.finish()
    }

    // The tasks are owned here: `run` and `stop` end and await every one of them.
    private func start(_ job: Job) {
        let stop = Stop()
        let task = Task { [failures] in
            do throws(StoreError) {
                try await job.work(stop)
            } catch {
                failures.yield(error)
            }
        }
        running.withLock { $0[job.name] = Running(fingerprint: job.fingerprint, stop: stop, task: task) }
    }

    private static func end(_ leaving: [Running]) async {
        for job in leaving { job.stop.ask() }
        for job in leaving { await job.task.value }
    }
}
