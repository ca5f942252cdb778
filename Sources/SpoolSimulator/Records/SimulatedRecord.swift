/// A record that a test brings, byte for byte.
package struct SimulatedRecord: Sendable {
    /// Its JSON text, which may be odd or invalid; lists hold it unchanged.
    package var raw: [UInt8]
    /// When the portal saved it, in milliseconds.
    package var created: Int64
    /// When it happened, in milliseconds.
    package var timestamp: Int64
    /// From when on lists show it; later than `created` makes it a late arrival.
    package var visibleAt: Int64

    /// A record of exactly these bytes; visible from `created` on unless another time is given.
    package init(raw: [UInt8], created: Int64, timestamp: Int64, visibleAt: Int64? = nil) {
        self.raw = raw
        self.created = created
        self.timestamp = timestamp
        self.visibleAt = visibleAt ?? created
    }

    /// A plain little record with this id.
    package init(id: String, created: Int64, timestamp: Int64? = nil, visibleAt: Int64? = nil) {
        let timestamp = timestamp ?? created
        var writer = JSONWriter()
        writer.object { record in
            record.text("_id", id)
            record.number("timestamp", timestamp)
            record.number("created", created)
        }
        self.init(raw: writer.bytes, created: created, timestamp: timestamp, visibleAt: visibleAt)
    }
}
