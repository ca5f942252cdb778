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
