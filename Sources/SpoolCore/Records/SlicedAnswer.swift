/// What a list answer holds, as places in its bytes: nothing is copied, decoded or repaired.
package struct SlicedAnswer: Sendable, Equatable {
    /// The elements of `data`, in the answer's order.
    package var records: [SlicedRecord] = []
    /// The answer's `hasNext`; nil when it is missing or neither true nor false.
    package var hasNext: Bool?
    /// The bytes of the object `nextQueryFilters`; nil when it is missing or no object.
    package var nextQueryFilters: Range<Int>?

    package init() {}
}

/// Where a record lies in the body, and whether its text may be trusted.
package struct SlicedRecord: Sendable, Equatable {
    package let range: Range<Int>
    /// A decoder takes some 24 bytes for each value, up to twelve times what the value takes in the record.
    package static let mostValues = 200_000

    /// False when it is not to be decoded: a string of it holds invalid UTF-8 or a raw control character (RFC 8259 §7
    /// and §8.1), or it holds more than `mostValues` values.
    package let isClean: Bool

    package init(range: Range<Int>, isClean: Bool) {
        self.range = range
        self.isClean = isClean
    }
}

/// Why a body cannot be cut into records.
package enum SliceError: Error, Sendable, Equatable {
    /// It ends before its closing bracket: the rest was lost on the way, and it is never a short page.
    case truncated
    /// It begins as something else than a JSON object: a web page, a list, nothing at all.
    case notAnObject
    /// Its brackets, commas or keys do not fit together at this byte.
    case malformed(at: Int)
    /// An object without a list `data`.
    case noData
    /// More records than may be read at once.
    case tooManyRecords(Int)
    /// The place it names as the next one has this many bytes, more than a place may have.
    case placeTooLarge(Int)
}
