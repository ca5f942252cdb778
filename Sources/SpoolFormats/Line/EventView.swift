import SpoolCore

/// One event of a batch, without copying.
struct EventView {
    private let text: UnsafePointer<UInt8>
    /// The end of the column before this event's first one, followed by the ends of its own columns.
    private let ends: UnsafePointer<Int>
    private let start: Int
    let kind: UInt8
    let occurred: Int64
    let severity: Int8

    init(
        text: UnsafePointer<UInt8>,
        ends: UnsafePointer<Int>,
        start: Int,
        kind: UInt8,
        occurred: Int64,
        severity: Int8
    ) {
        self.text = text
        self.ends = ends
        self.start = start
        self.kind = kind
        self.occurred = occurred
        self.severity = severity
    }

    var isAlert: Bool { kind == UInt8(EventKind.alert.rawValue) }

    /// A column's bytes.
    @inline(__always)
    subscript(column: EventBatch.Column) -> UnsafeBufferPointer<UInt8> {
        let from = column.rawValue == 0 ? start : ends[column.rawValue - 1]
        return UnsafeBufferPointer(start: text + from, count: ends[column.rawValue] - from)
    }

    /// The size of all its columns except the raw record.
    var textBytes: Int { ends[EventBatch.Column.link.rawValue] - start }
}
