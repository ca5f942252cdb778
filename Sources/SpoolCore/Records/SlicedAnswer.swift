/// The parts of a list response as ranges of its bytes: nothing is copied, decoded or repaired.
package struct SlicedAnswer: Sendable, Equatable {
    /// The elements of `data`, in the response's order.
    package var records: [SlicedRecord] = []
    /// The response's `hasNext`; nil when it is missing or neither true nor false.
    package var hasNext: Bool?
    /// The bytes of the object `nextQueryFilters`; nil when it is missing or not an object.
    package var nextQueryFilters: Range<Int>?

    package init() {}
}

/// The range of a record in the body, and whether its text can be decoded.
package struct SlicedRecord: Sendable, Equatable {
    package let range: Range<Int>
    /// A decoder needs about 24 bytes for each value, up to twelve times what the value takes in the record.
    package static let mostValues = 200_000

    /// False when it must not be decoded: one of its strings contains invalid UTF-8 or a raw control
    /// character (RFC 8259 §7 and §8.1), or it contains more than `mostValues` values.
    package let isClean: Bool

    package init(range: Range<Int>, isClean: Bool) {
        self.range = range
        self.isClean = isClean
    }
}

/// Why a body cannot be split into records.
package enum SliceError: Error, Sendable, Equatable {
    /// It ends before its closing bracket: the rest was lost in transit, and it is never treated as a short
    /// page.
    case truncated
    /// It does not start as a JSON object: a web page, a list, or nothing at all.
    case notAnObject
    /// Its brackets, commas or keys do not match at this byte.
    case malformed(at: Int)
    /// An object without a `data` array.
    case noData
    /// More records than may be read in one response.
    case tooManyRecords(Int)
    /// Its continuation token has this many bytes, more than a token may have.
    case placeTooLarge(Int)
}
