/// A destination.
///
/// It opens sessions and does nothing else: it never retries, sleeps for a retry or touches the spool; the
/// delivery loop does.
package protocol Sink: Sendable {
    var name: SinkName { get }
    /// The kind in the configuration: `syslog`.
    var type: String { get }
    /// Where it sends to, as an operator knows it: `tls://siem.example:6514`.
    var address: String { get }
    /// True when `session` needs `EventBatch.Column.raw`.
    var needsRaw: Bool { get }
    /// The most a batch for this sink may hold.
    var batchLimit: BatchLimit { get }
    /// How far `Evidence.kernel` can be trusted here.
    var doubt: KernelDoubt { get }

    /// Connects, within the sink's own connect time-out.
    ///
    /// - Throws: the fault of the whole sink: unreachable, throttled or misconfigured.
    func open() async throws(SinkFault) -> any SinkSession

    /// Renders a batch as a session's `send` would and throws the lines away: what would trap there traps here.
    func rehearse(_ batch: EventBatch)
}

/// One connection to a destination, or what stands for one.
///
/// `send` is called by one task, `settlements` read by one other. The numbers of the batches are 0, 1, 2 …
/// within a session, over all lanes.
package protocol SinkSession: Sendable {
    /// Takes a batch and returns when the next one may be sent (backpressure), which says nothing of the
    /// batch's outcome. Safe to cancel; the session is then to be closed.
    ///
    /// - Throws: the fault that ended the session; the same one comes through `settlements`.
    func send(_ batch: EventBatch, number: Int) async throws(SinkFault)

    /// What became of the batches, in order; ends after `.ended` or `.finished`. Read it once.
    var settlements: AsyncStream<Settlement> { get }

    /// No more batches will come: half-closes and lets what was sent settle, for at most `patience`;
    /// `settlements` then ends with `.finished`, or with `.ended` when something stayed unsettled, or is settled only
    /// by the word of a kernel and the receiver did not end the connection.
    func finish(patience: Duration) async

    /// Closes at once. Idempotent.
    func close() async
}
