import SpoolCore

/// The keys `doubt_bytes` and `reopen_after` of a sink over TCP or TLS.
struct DoubtSettings {
    /// A TCP window is at most 1 GiB (RFC 7323 §2.3).
    private static let bytes: ClosedRange<Int64> = (64 << 10)...(1 << 30)
    private static let after = Duration.seconds(1)...Duration.hours(24)

    private(set) var doubt = KernelDoubt()

    /// Reads the keys; adds a problem for an invalid value, and for any value over UDP, which has no
    /// connections.
    init(_ group: inout ConfigurationMapping, _ problems: ConfigurationProblems, isStream: Bool) {
        let (bytes, after) = (group.take("doubt_bytes"), group.take("reopen_after"))
        if !isStream {
            for node in [bytes, after].compactMap(\.self) {
                problems.add("this key does not apply to UDP, which has no connections: remove it", at: node)
            }
            return
        }
        if let size = bytes?.byteSize(in: Self.bytes, problems) { doubt.bytes = size }
        if let after, let text = after.text(problems) {
            if text == "never" {
                doubt.reopenAfter = nil
            } else if let time = after.duration(in: Self.after, problems) {
                doubt.reopenAfter = time
            }
        }
    }
}
