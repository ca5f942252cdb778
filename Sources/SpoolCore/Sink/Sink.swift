/// A destination.
///
/// It only opens sessions. The delivery loop retries, waits and uses the spool.
package protocol Sink: Sendable {
    var name: SinkName { get }
    /// The type in the configuration: `syslog`.
    var type: String { get }
    /// The address in the operator's notation: `tls://siem.example:6514`.
    var address: String { get }
    /// True when `session` needs `EventBatch.Column.raw`.
    var needsRaw: Bool { get }
    /// The maximum size of a batch for this sink.
    var batchLimit: BatchLimit { get }
    /// How far `Evidence.kernel` can be trusted here.
    var doubt: KernelDoubt { get }

    /// Connects, within the sink's own connect timeout.
    ///
    /// - Throws: the fault of the whole sink: unreachable, throttled or misconfigured.
    func open() async throws(SinkFault) -> any SinkSession

    /// Renders a batch as a session's `send` would, and discards the lines: an event that crashes `send`
    /// crashes here.
    func rehearse(_ batch: EventBatch)
}

/// One connection to a destination, or its equivalent.
///
/// One task calls `send`, and one other task reads `settlements`. Batches are numbered 0, 1, 2 … within a
/// session, over all lanes.
package protocol SinkSession: Sendable {
    /// Takes a batch and returns when the next one may be sent (backpressure).
    ///
    /// Returning does not mean that the batch was delivered. Safe to cancel; the session must then be closed.
    ///
    /// - Throws: the fault that ended the session; the same one arrives through `settlements`.
    func send(_ batch: EventBatch, number: Int) async throws(SinkFault)

    /// The outcomes of the batches, in order; ends after `.ended` or `.finished`. Can be read once.
    var settlements: AsyncStream<Settlement> { get }

    /// Half-closes the connection and lets what was sent settle, for at most `timeout`; no more batches
    /// follow.
    ///
    /// `settlements` then ends with `.finished`. It ends with `.ended` if something is not settled, or if
    /// something is settled only by the kernel's evidence and the receiver did not close the connection.
    func finish(timeout: Duration) async

    /// Closes immediately. Idempotent.
    func close() async
}

/// A fault of a whole sink, never of a single event.
package struct SinkFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// How the delivery loop has to react.
    package enum Kind: Sendable, Equatable {
        /// Down, refused, reset or timed out: backoff, indefinitely.
        case unreachable
        /// The receiver asked to wait at least this long.
        case throttled(Duration)
        /// Wrong credentials, certificate or index: the sink is held and probed slowly.
        case misconfigured
    }

    package let kind: Kind
    /// True when the connection ended after bytes were written and the receiver did not close it cleanly.
    ///
    /// Rows with evidence `kernel` whose bytes may still be unread in the receiver's kernel are then doubtful
    /// (`KernelDoubt`).
    package let isUnclean: Bool
    /// What happened, to what, and what to do, in one or two sentences; no event content.
    package let description: String

    package init(_ kind: Kind, isUnclean: Bool = false, _ description: String) {
        self.kind = kind
        self.isUnclean = isUnclean
        self.description = description
    }
}

/// How far an acknowledgement by the receiver's kernel (`Evidence.kernel`) can be trusted.
///
/// A kernel acknowledges bytes that the receiver's process has not read yet. They are lost when that process
/// dies. So only the receiver's own end of the connection (its FIN), or `bytes` more on the same connection,
/// prove that they were read.
package struct KernelDoubt: Sendable, Equatable {
    /// The maximum number of unread bytes in the receiver's kernel; 0 if what the kernel has accepted is
    /// never lost.
    package var bytes: Int64
    /// How long events may stay unproved on an open connection before it is closed and reopened to obtain the
    /// proof; nil: regardless of time, only when a proof is requested.
    package var reopenAfter: Duration?

    /// The largest receive buffer of a stock kernel: Linux lets one grow to 6 MiB (since 6.16 to 32 MiB),
    /// Windows to 16 MiB.
    package static let defaultBytes: Int64 = 32 << 20
    /// The time after which a hanging receiver is detected.
    package static let defaultReopenAfter = Duration.minutes(5)

    package init(bytes: Int64 = defaultBytes, reopenAfter: Duration? = defaultReopenAfter) {
        self.bytes = bytes
        self.reopenAfter = reopenAfter
    }

    /// For a destination whose kernel evidence needs no further proof, or that has none.
    package static let none = KernelDoubt(bytes: 0, reopenAfter: nil)
}
