package import SpoolCore

/// How a comparison gets delivery loops to prove what they have settled, instead of waiting for `KernelDoubt.reopenAfter`.
package struct ProofSignals: Sendable {
    /// Asks each loop to reopen a connection that has settled something unproved.
    package let wanted = Signal()
    /// Given when a connection has ended and its end is noted.
    package let given = Signal()

    package init() {}
}
