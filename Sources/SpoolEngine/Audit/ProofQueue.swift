import SpoolCore
import SpoolPipeline
import Synchronization

/// The queue of requested proofs: one is running, the others wait in order.
///
/// A command's proof takes precedence over the daemon's audit, which yields immediately and starts again
/// afterwards. An audit that has yielded `yieldLimit` times in a row runs to completion.
final class ProofQueue: Sendable {
    /// The reason why a running proof must stop.
    enum Ending: Sendable, Equatable {
        case cancelled
        /// Its command no longer polls it.
        case commandGone
        case givesWay(to: Int64)
        case processEnds

        /// The cause in the stored result, for the operator.
        var cause: String {
            switch self {
            case .cancelled: "it was cancelled by the command that requested it"
            case .commandGone: "the command that requested it is no longer running"
            case .givesWay(let proof):
                "it yielded to proof \(proof), which a command is waiting for, and will start again"
            case .processEnds: "the daemon was stopped, or its `audit:` settings were changed"
            }
        }
    }

    /// A proof in the queue, with its own `stop`.
    struct Job: Sendable {
        let proof: Proof
        let stop = ShutdownRequest()
        /// How often its command has polled it.
        fileprivate(set) var asked = 0
        fileprivate(set) var askedAt: Duration
        fileprivate var step: String?
        fileprivate var begun: Timestamp?
        fileprivate(set) var ending: Ending?
    }

    private struct State {
        var pending: [Job] = []
        var running: Job?
        /// How often in a row audits have yielded.
        var gaveWay = 0
    }

    /// How often in a row audits yield before one runs to completion.
    static let yieldLimit = 3

    /// The maximum number of proofs that wait.
    static let limit = 16

    /// True when no further proof of a command can wait.
    var isFull: Bool { state.withLock { $0.pending.count >= Self.limit } }

    private let state = Mutex(State())
    /// Notified when a proof was added.
    let changed = ChangeSignal()

    /// Adds a command's proof.
    func add(_ proof: Proof, at elapsed: Duration) {
        let stop = state.withLock { state in
            state.pending.append(Job(proof: proof, askedAt: elapsed))
            return Self.giveWay(&state)
        }
        stop?.ask()
        changed.notify()
    }

    /// Takes the next proof of the queue and marks it as running.
    func next(at now: Timestamp) -> Job? {
        state.withLock { state in
            guard !state.pending.isEmpty else { return nil }
            var job = state.pending.removeFirst()
            job.begun = now
            state.running = job
            return job
        }
    }

    /// Marks an audit as running; it yields immediately if a command's proof is already waiting.
    func begin(audit proof: Proof, at now: Timestamp, _ elapsed: Duration) -> Job {
        let (job, stop) = state.withLock { state in
            var job = Job(proof: proof, askedAt: elapsed)
            job.begun = now
            state.running = job
            return (job, Self.giveWay(&state))
        }
        stop?.ask()
        return job
    }

    /// Stops the running proof if it has this id; the first cause counts.
    func end(_ id: Int64, _ ending: Ending) {
        let stop = state.withLock { state -> ShutdownRequest? in
            guard state.running?.proof.id == id, state.running?.ending == nil else { return nil }
            state.running?.ending = ending
            return state.running?.stop
        }
        stop?.ask()
    }

    /// Removes a proof that has not started.
    func remove(_ id: Int64) -> Proof? {
        state.withLock { state in
            guard let index = state.pending.firstIndex(where: { $0.proof.id == id }) else { return nil }
            return state.pending.remove(at: index).proof
        }
    }

    /// The reason why the running proof must stop; nil if no stop was requested.
    func ending(of id: Int64) -> Ending? {
        state.withLock { $0.running.flatMap { $0.proof.id == id ? $0.ending : nil } }
    }

    /// Records that a proof has ended and is stored.
    func finish(_ id: Int64) {
        state.withLock { state in
            guard let job = state.running, job.proof.id == id else { return }
            state.running = nil
            guard job.proof.reason == .audit else { return }
            if case .givesWay? = job.ending { state.gaveWay += 1 } else { state.gaveWay = 0 }
        }
    }

    func tell(_ id: Int64, _ step: String) {
        state.withLock { state in
            if state.running?.proof.id == id { state.running?.step = step }
        }
    }

    /// How often its command has polled the running proof; nil if it is not running.
    func polls(of id: Int64) -> Int? {
        state.withLock { $0.running.flatMap { $0.proof.id == id ? $0.asked : nil } }
    }

    /// The current step of a proof, as polled by its command; nil if it is neither running nor waiting.
    func step(of id: Int64, at elapsed: Duration) -> String? {
        state.withLock { state in
            if state.running?.proof.id == id {
                state.running?.asked += 1
                return state.running?.step ?? "starting"
            }
            guard let index = state.pending.firstIndex(where: { $0.proof.id == id }) else { return nil }
            state.pending[index].asked += 1
            state.pending[index].askedAt = elapsed
            return Self.waiting(state.running, before: index)
        }
    }

    private static func giveWay(_ state: inout State) -> ShutdownRequest? {
        guard let first = state.pending.first, let running = state.running, running.proof.reason == .audit,
            running.ending == nil, state.gaveWay < yieldLimit
        else { return nil }
        state.running?.ending = .givesWay(to: first.proof.id)
        return running.stop
    }

    private static func waiting(_ running: Job?, before others: Int) -> String {
        let more = others == 0 ? "" : "; \(others) more \(others == 1 ? "is" : "are") ahead"
        guard let running else { return "waiting for its turn" + more }
        let what = running.proof.reason == .audit ? "an audit by the daemon" : "another verify"
        let request = running.proof.request
        let since = running.begun.map { " since \($0)" } ?? ""
        return
            "waiting: proof \(running.proof.id), \(what) of \(request.from) to \(request.to), "
            + "is running\(since)" + (running.step.map { " (\($0))" } ?? "") + more
    }
}
