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
