/// What the portal remembers of each record: its times, not its bytes.
struct RecordEntry: Sendable {
    /// When the portal saved it.
    var created: Int64
    /// When it happened; `date` in filters.
    var timestamp: Int64
    /// From when on lists show it.
    var visibleAt: Int64
    /// Its place among the stream's records, from which its content is drawn.
    var number: UInt32
    /// How often a page has held it.
    var shown: UInt32 = 0
    /// True if its bytes were given, not generated.
    var isGiven = false
}
