package import SpoolCore

/// Signals by which a comparison makes delivery loops prove their settlements before
/// `KernelDoubt.reopenAfter`.
package struct ProofSignals: Sendable {
    /// Requests each loop to reopen a connection that has unproved settlements.
    package let wanted = Signal()
    /// Notified when a connection has ended and its end has been recorded.
    package let given = Signal()

    package init() {}
}
