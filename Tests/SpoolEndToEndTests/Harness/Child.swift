import Subprocess
import Synchronization
import SystemPackage

/// A process of a test: its output is stored line by line, and it ends with the test at the latest.
///
/// The caller has to call `end`; `Site.run` does this for all processes that it has started.
final class Child: Sendable {
    typealias Running = Execution<NoInput, SequenceOutput, SequenceOutput>

    /// The stream that a line came from.
    enum Channel: Sendable { case output, errors }

    private struct State {
        var running: Running?
        var lines: [(channel: Channel, text: String)] = []
        var status: TerminationStatus?
        /// Why the process could not be started or watched.
        var failure: (any Error)?
        var hasEnded = false
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0
    }

    let name: String
    private let state: Mutex<State>
    private let task: Mutex<Task<Void, Never>?>

    private init(_ name: String) {
        self.name = name
        state = Mutex(State())
        task = Mutex(nil)
    }

    /// Starts a program and returns immediately; its lines follow.
    static func start(
        _ name: String,
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        folder: String? = nil
    ) -> Child {
        let child = Child(name)
        let changes = environment.map { (Environment.Key(stringLiteral: $0.key), String?.some($0.value)) }
        let inherited = Environment.inherit.updating(Dictionary(changes) { _, new in new })
        let task = Task {
            do {
                let result = try await run(
                    program.contains("/") ? .path(FilePath(program)) : .name(program),
                    arguments: Arguments(arguments),
                    environment: inherited,
                    workingDirectory: folder.map { FilePath($0) },
                    input: .none,
                    output: .sequence,
                    error: .sequence
                ) { execution in try await child.read(execution) }
                child.change { $0.status = result.terminationStatus }
            } catch {
                child.change { $0.failure = error }
            }
            child.change { $0.hasEnded = true }
        }
        child.task.withLock { $0 = task }
        return child
    }

    private func read(_ execution: Running) async throws {
        change { $0.running = execution }
        // The streams end with the process; afterwards its process id may be reused.
        defer { change { $0.running = nil } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.read(execution.standardOutput, .output) }
            group.addTask { try await self.read(execution.standardError, .errors) }
            try await group.waitForAll()
        }
    }

    private func read(_ stream: SubprocessOutputSequence, _ channel: Channel) async throws {
        for try await line in stream.strings() {
            change { $0.lines.append((channel, line.trimmingNewline)) }
        }
    }

    /// The lines written so far.
    func lines(_ channel: Channel) -> [String] {
        state.withLock { $0.lines.filter { $0.channel == channel }.map(\.text) }
    }

    /// The last lines, for failure messages.
    var lastLines: String { state.withLock { $0.lines.suffix(20).map(\.text).joined(separator: "\n") } }

    /// True until the process has ended.
    var isRunning: Bool { state.withLock { !$0.hasEnded } }

    /// The process id while the process is running.
    var processID: Int32? { state.withLock { $0.running?.processIdentifier.value } }

    /// Sends a signal.
    func send(_ signal: Signal) throws {
        guard let running = state.withLock({ $0.running }) else {
            throw HarnessFailure("\(name) is not running:\n\(lastLines)")
        }
        try running.send(signal: signal)
    }

    /// Returns once the lines fulfil the predicate, which is evaluated after each line.
    ///
    /// - Throws: if the process ends before, or if the limit has passed.
    func waitUntil(
        _ what: String,
        within limit: Duration = .seconds(60),
        _ predicate: @escaping @Sendable ([String]) -> Bool
    ) async throws {
        do {
            try await SpoolEndToEndTests.within(limit, "\(name): \(what)") {
                while !self.state.withLock({ predicate($0.lines.map(\.text)) }) {
                    guard self.isRunning else {
                        throw HarnessFailure("\(self.name) ended before: \(what)")
                    }
                    try await self.waitForChange { state in
                        predicate(state.lines.map(\.text)) || state.hasEnded
                    }
                }
            }
        } catch let failure as HarnessFailure {
            throw HarnessFailure("\(failure)\n\(lastLines)")
        }
    }

    /// Returns the status once the process has ended.
    @discardableResult
    func exit(within limit: Duration = .seconds(60)) async throws -> TerminationStatus {
        do {
            try await SpoolEndToEndTests.within(limit, "\(name) ends") {
                try await self.waitForChange(\.hasEnded)
            }
        } catch let failure as HarnessFailure {
            throw HarnessFailure("\(failure)\n\(lastLines)")
        }
        let (status, failure) = state.withLock { ($0.status, $0.failure) }
        guard let status else {
            throw HarnessFailure("\(name): \(failure.map { "\($0)" } ?? "no status")")
        }
        return status
    }

    /// Kills the process and waits for its end.
    func end() async {
        if let running = state.withLock({ $0.running }) {
            // The process may have ended meanwhile.
            try? running.send(signal: .kill)
        }
        await task.withLock { $0 }?.value
    }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the predicate holds, immediately if it already does.
    private func waitForChange(_ predicate: @escaping @Sendable (borrowing State) -> Bool) async throws {
        while !state.withLock({ predicate($0) }) {
            let number = state.withLock { state in
                state.nextWaiter += 1
                return state.nextWaiter
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let now: Swift.Result<Void, any Error>? = state.withLock { state in
                        if Task.isCancelled { return .failure(CancellationError()) }
                        if predicate(state) { return .success(()) }
                        state.waiters[number] = continuation
                        return nil
                    }
                    if let now { continuation.resume(with: now) }
                }
            } onCancel: {
                let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
                waiter?.resume(throwing: CancellationError())
            }
        }
    }
}

extension String {
    fileprivate var trimmingNewline: String { last?.isNewline == true ? String(dropLast()) : self }
}
