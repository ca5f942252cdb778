import SpoolCore
import SpoolPipeline
import Synchronization

/// The proofs that are asked for and not done: one under way, the others in their order.
///
/// A person's goes before the daemon's own audit, which gives way at once and begins again afterwards; but not for
/// ever: an audit that has given way `patience` times goes on to its end.
final class ProofQueue: Sendable {
    /// Why a proof under way has to end.
    enum Ending: Sendable, Equatable {
        case cancelled
        /// Nobody asks after it any more.
        case commandGone
        case givesWay(to: Int64)
        case processEnds

        /// For an operator who reads the kept result.
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

    /// One of them; its `stop` is its own.
    struct Job: Sendable {
        let proof: Proof
        let stop = Stop()
        /// How often its command has asked after it.
        fileprivate(set) var asked = 0
        fileprivate(set) var askedAt: Duration
        fileprivate var step: String?
        fileprivate var begun: Timestamp?
        fileprivate(set) var ending: Ending?
    }

    private struct State {
        var pending: [Job] = []
        var running: Job?
        /// How often audits have given way, one after the other.
        var gaveWay = 0
    }

    /// So often audits give way before one goes on to its end.
    static let patience = 3

    private let state = Mutex(State())
    /// Given when a proof was added.
    let changed = Signal()

    /// Adds a person's proof.
    func add(_ proof: Proof, at elapsed: Duration) {
        let stop = state.withLock { state in
            state.pending.append(Job(proof: proof, askedAt: elapsed))
            return Self.giveWay(&state)
        }
        stop?.ask()
        changed.notify()
    }

    /// The next one of those that were added; it is under way from then on.
    func next(at now: Timestamp) -> Job? {
        state.withLock { state in
            guard !state.pending.isEmpty else { return nil }
            var job = state.pending.removeFirst()
            job.begun = now
            state.running = job
            return job
        }
    }

    /// An audit is under way from now on; where somebody waits already, it gives way at once.
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

    /// Ends the one under way, if it is this; the first cause counts.
    func end(_ id: Int64, _ ending: Ending) {
        let stop = state.withLock { state -> Stop? in
            guard state.running?.proof.id == id, state.running?.ending == nil else { return nil }
            state.running?.ending = ending
            return state.running?.stop
        }
        stop?.ask()
    }

    /// Takes one back that has not begun.
    func remove(_ id: Int64) -> Proof? {
        state.withLock { state in
            guard let index = state.pending.firstIndex(where: { $0.proof.id == id }) else { return nil }
            return state.pending.remove(at: index).proof
        }
    }

    /// Why the one under way ends; nil while it is not told to.
    func ending(of id: Int64) -> Ending? {
        state.withLock { $0.running.flatMap { $0.proof.id == id ? $0.ending : nil } }
    }

    /// It has ended, and is kept.
    func ended(_ id: Int64) {
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

    /// How often the command of the one under way has asked after it; nil when it is not under way.
    func asked(after id: Int64) -> Int? {
        state.withLock { $0.running.flatMap { $0.proof.id == id ? $0.asked : nil } }
    }

    /// What a proof does just now, as its command asks; nil for one that is neither under way nor waits.
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

    private static func giveWay(_ state: inout State) -> Stop? {
        guard let first = state.pending.first, let running = state.running, running.proof.reason == .audit,
            running.ending == nil, state.gaveWay < patience
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
            "waiting: proof \(running.proof.id), \(what) of \(request.from) to \(request.to), is running\(since)"
            + (running.step.map { " (\($0))" } ?? "") + more
    }
}
