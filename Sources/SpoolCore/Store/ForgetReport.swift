/// What `spool prune --forget` did.
package struct ForgetReport: Codable, Sendable, Equatable {
    /// The name it had; free from now on.
    package let name: String
    package let isStream: Bool
    /// Events that waited and will not be sent: for a sink on all its streams, for a stream at all its sinks.
    package let waiting: Int
    /// Dead letters of the sink that were dismissed.
    package let dismissed: Int
    /// Unfinished replays to the sink that were cancelled.
    package let cancelled: [ReplayID]

    package init(name: String, isStream: Bool, waiting: Int, dismissed: Int, cancelled: [ReplayID]) {
        self.name = name
        self.isStream = isStream
        self.waiting = waiting
        self.dismissed = dismissed
        self.cancelled = cancelled
    }

    private enum CodingKeys: String, CodingKey {
        case name, waiting, dismissed, cancelled
        case isStream = "is_stream"
    }
}
