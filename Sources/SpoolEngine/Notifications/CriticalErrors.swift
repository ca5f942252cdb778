import SpoolCore
import SpoolPipeline
import Synchronization

/// "Too many critical errors": the limit was reached and the daemon shuts down, as the retired agent did.
package struct TooManyCriticalErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// `source contoso/activities`, `sink siem`.
    package let subject: String
    package let count: Int
    /// The cause of the last failure.
    package let cause: String

    package var description: String {
        "Too many critical errors: \(subject) failed \(count) times in a row, last error: "
            + "\(Sentence.ended(cause)) Shut down because of `notifications.too_many_critical_errors`; "
            + "nothing is lost. Fix the cause and start the daemon again."
    }
}

/// Counts the consecutive failures of each stream and sink.
///
/// A critical error is an attempt to fetch a page or to open a connection that failed for any cause other
/// than a limit of the source or receiver itself (throttling, a page too large, a lost scan). A success
/// resets the count, and so does a start of the daemon.
final class CriticalErrors: Sendable {
    private struct State {
        var limit: Int?
        var failures: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let continuation: AsyncStream<TooManyCriticalErrors>.Continuation
    /// Yields at most one element.
    let exceeded: AsyncStream<TooManyCriticalErrors>

    init() {
        (exceeded, continuation) = AsyncStream<TooManyCriticalErrors>.makeStream(
            bufferingPolicy: .bufferingOldest(1)
        )
    }

    /// Sets the number of consecutive failures that is too many; nil: no limit.
    func limit(to count: Int?) { state.withLock { $0.limit = count } }

    func noteSuccess(_ subject: String) { state.withLock { $0.failures[subject] = nil } }

    func noteFailure(_ subject: String, _ cause: String) {
        let count = state.withLock { state -> Int? in
            let count = state.failures[subject, default: 0] + 1
            state.failures[subject] = count
            return state.limit.flatMap { count >= $0 ? count : nil }
        }
        guard let count else { return }
        continuation.yield(TooManyCriticalErrors(subject: subject, count: count, cause: cause))
    }
}

/// A source that counts its faults in `errors`, except those of `record`, which operators request.
struct CountedSource: ForwardingSource {
    let base: any Source
    let errors: CriticalErrors

    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        try await counting(stream) { () async throws(SourceFault) in try await base.date(for: stream) }
    }

    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        try await counting(stream) { () async throws(SourceFault) in
            try await base.answer(of: stream, scan: scan, limit: limit)
        }
    }

    private func counting<Value>(
        _ stream: SourceStream,
        _ ask: () async throws(SourceFault) -> Value
    ) async throws(SourceFault) -> Value {
        let subject = "source \(stream.name)"
        do throws(SourceFault) {
            let value = try await ask()
            errors.noteSuccess(subject)
            return value
        } catch {
            if error.kind.isCritical, !Task.isCancelled { errors.noteFailure(subject, error.description) }
            throw error
        }
    }
}

/// A sink that counts its failed connections in `errors`.
struct CountedSink: Sink {
    let sink: any Sink
    let errors: CriticalErrors

    var name: SinkName { sink.name }
    var type: String { sink.type }
    var address: String { sink.address }
    var needsRaw: Bool { sink.needsRaw }
    var batchLimit: BatchLimit { sink.batchLimit }
    var doubt: KernelDoubt { sink.doubt }

    func open() async throws(SinkFault) -> any SinkSession {
        do throws(SinkFault) {
            let session = try await sink.open()
            errors.noteSuccess("sink \(name)")
            return session
        } catch {
            if error.kind.isCritical, !Task.isCancelled {
                errors.noteFailure("sink \(name)", error.description)
            }
            throw error
        }
    }

    func rehearse(_ batch: EventBatch) { sink.rehearse(batch) }
}

extension SourceFault.Kind {
    fileprivate var isCritical: Bool {
        switch self {
        case .throttled, .tooLarge, .scanLost, .unended: false
        case .invalidToken, .forbidden, .rejected, .invalidProxy, .unreachable, .incomplete, .nonsense: true
        }
    }
}

extension SinkFault.Kind {
    fileprivate var isCritical: Bool {
        switch self {
        case .throttled: false
        case .unreachable, .misconfigured: true
        }
    }
}
