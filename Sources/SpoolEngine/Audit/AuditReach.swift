import SpoolCore

/// How far back an audit compares: `audit.window`, or as far as an open finding, up to twice that window.
///
/// The interval between audits is shorter than their window, so the next one would compare only a part of
/// what the last one reported.
struct AuditReach: Sendable {
    private let window: Duration
    /// The starts of the reported windows, with the stream.
    private let reported: [(stream: String, from: Timestamp)]

    init(_ open: [Proof], window: Duration) {
        self.window = window
        reported = open.flatMap { finding in
            finding.streams.filter { $0.missing > 0 }.map { ($0.name, $0.reported(by: finding).from) }
        }
    }

    /// The start of an audit of a stream that ends at the given time; without a stream, the earliest of all
    /// streams.
    func from(_ end: Timestamp, of stream: String? = nil) -> Timestamp {
        let within = reported.filter { stream == nil || $0.stream == stream }.map(\.from)
            .filter { $0 >= end - window * 2 }
        return min(end - window, within.min() ?? end)
    }
}
