import SpoolCore

/// Evaluates how a sink's connections end: whether the receiver reads what its kernel, or a load balancer in
/// front of it, has accepted.
///
/// It is kept in memory while the loop runs; `sink.suspicion` keeps its text until something is proved.
struct Suspicion: Sendable, Equatable {
    /// A connection that ends this soon after the first lines of a burst proves nothing, however it ends.
    static let soon = Duration.seconds(10)
    /// This many consecutive short connections are reported.
    static let reportedShort = 3
    /// An unclosed connection is reported, and reopening becomes rarer, up to this many times the interval.
    private static let mostIntervals = 6

    /// How a connection that carried lines ended.
    enum End: Sendable, Equatable {
        /// The receiver closed it cleanly.
        case proved
        /// It was half-closed to obtain a proof, and the receiver did not close it.
        case unclosed
        /// The other side ended it within seconds after lines were sent.
        case short
        /// It broke.
        case broken
    }

    /// The number of consecutive connections that the receiver did not close.
    private(set) var unclosed = 0
    /// The number of consecutive connections that the other side ended within seconds after lines were sent.
    private(set) var short = 0
    /// True once something was proved, until a new suspicion.
    private(set) var isProved = false

    /// Notes the end of a connection that carried lines.
    mutating func noteEnd(_ end: End) {
        switch end {
        case .proved: noteProof()
        case .unclosed: (unclosed, short, isProved) = (unclosed + 1, 0, false)
        case .short: (short, isProved) = (short + 1, isProved && short + 1 < Self.reportedShort)
        case .broken: short = 0
        }
    }

    /// The receiver has read what its kernel accepted.
    mutating func noteProof() { (unclosed, short, isProved) = (0, 0, true) }

    /// How long settlements may wait for a proof before the connection is reopened.
    func interval(_ base: Duration) -> Duration { base * min(1 << min(unclosed, 3), Self.mostIntervals) }

    /// The text of the suspicion; nil when nothing is suspicious.
    func text(_ address: String) -> String? {
        if unclosed > 0 {
            return
                "\(address) does not close a connection after spool has closed its own side: either it hangs "
                + "while its kernel still accepts data, or it never closes connections. What was sent over "
                + "such connections is doubtful; check whether the receiver writes new events"
        }
        if short >= Self.reportedShort {
            return
                "\(address) ended \(short) connections in a row within \(Age.text(Self.soon)) of accepting "
                + "lines, as a load balancer without a working receiver does. "
                + "What was sent over them is doubtful"
        }
        return nil
    }
}
