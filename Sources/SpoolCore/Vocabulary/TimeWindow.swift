/// A time range, with its start included and its end excluded.
package struct TimeWindow: Sendable, Codable, Equatable {
    package var from: Timestamp
    package var to: Timestamp

    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    private enum CodingKeys: String, CodingKey {
        case from = "from_ms"
        case to = "to_ms"
    }
}
