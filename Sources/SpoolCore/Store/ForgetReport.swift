/// The result of `spool prune --forget`.
package struct ForgetReport: Codable, Sendable, Equatable {
    /// Its former name, which can be used again.
    package let name: String
    package let isStream: Bool
    /// Unsent events that will not be sent: for a sink on all its streams, for a stream at all its sinks.
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
