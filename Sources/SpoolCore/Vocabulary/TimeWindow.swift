/// A stretch of time, its beginning included and its end not.
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
