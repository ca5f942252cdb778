import SpoolCore

/// Access to a batch's columns while its lines are rendered.
struct BatchView {
    private let text: UnsafePointer<UInt8>
    private let ends: UnsafeBufferPointer<Int>
    private let occurred: UnsafeBufferPointer<Int64>
    private let severities: UnsafeBufferPointer<Int8>
    private let kinds: UnsafeBufferPointer<UInt8>

    /// The number of events.
    var count: Int { kinds.count }

    @inline(__always)
    subscript(index: Int) -> EventView? {
        let first = index * EventBatch.Column.count
        guard let base = ends.baseAddress else { return nil }
        return EventView(
            text: text,
            ends: base + first,
            start: first == 0 ? 0 : base[first - 1],
            kind: kinds[index],
            occurred: occurred[index],
            severity: severities[index]
        )
    }

    /// Runs a closure with a batch's columns; they must not be used after it returns.
    static func of<Result>(_ batch: EventBatch, _ body: (BatchView) -> Result) -> Result {
        batch.text.withUnsafeBufferPointer { text in
            batch.ends.withUnsafeBufferPointer { ends in
                batch.occurred.withUnsafeBufferPointer { occurred in
                    batch.severities.withUnsafeBufferPointer { severities in
                        batch.kinds.withUnsafeBufferPointer { kinds in
                            withUnsafePointer(to: 0 as UInt8) { nothing in
                                body(
                                    BatchView(
                                        text: text.baseAddress ?? nothing,
                                        ends: ends,
                                        occurred: occurred,
                                        severities: severities,
                                        kinds: kinds
                                    )
                                )
                            }
                        }
                    }
                }
            }
        }
    }
}

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
