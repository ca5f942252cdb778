/// Splits a response into its records in one pass, so that each record's bytes can be kept unchanged.
///
/// A decoder cannot do this: it repairs invalid UTF-8, rounds numbers, and does not check what it skips. A
/// response that is accepted here is complete: every bracket is closed and nothing follows the last one.
package enum RecordSlicer {
    /// Finds `data`, `hasNext` and `nextQueryFilters` of a list response, in any order.
    ///
    /// A record with invalid text is sliced like any other and marked. `"data": null` is an empty list,
    /// unless `total` is not zero.
    ///
    /// - Parameters:
    ///   - body: the response.
    ///   - most: the maximum number of records; more are refused, because they need many times their size in
    ///     memory.
    /// - Returns: the ranges of its parts.
    /// - Throws: why it cannot be split.
    package static func slice(_ body: [UInt8], most: Int = .max) throws(SliceError) -> SlicedAnswer {
        var walk = try open(body)
        var answer = SlicedAnswer()
        var hasData = false
        var (isNull, isTotalZero) = (false, true)
        try forEachKey(&walk) { (walk, key) throws(SliceError) in
            switch key {
            case .data:
                // A second list would have to be merged or dropped; neither is safe.
                guard !hasData else { throw .malformed(at: walk.index) }
                isNull = try takeNull(&walk)
                if !isNull { answer.records = try records(&walk, most: most) }
                hasData = true
            case .total: isTotalZero = body[try walk.skipValue()].allSatisfy { $0 == UInt8(ascii: "0") }
            case .hasNext: answer.hasNext = boolean(body[try walk.skipValue()])
            case .nextQueryFilters:
                let range = try walk.skipValue()
                answer.nextQueryFilters = body[range.lowerBound] == .openBrace ? range : nil
            case .other: _ = try walk.skipValue()
            }
        }
        try close(&walk)
        guard hasData, !isNull || isTotalZero else { throw .noData }
        return answer
    }

    /// Steps over `null` if it comes next.
    private static func takeNull(_ walk: inout JSONWalk) throws(SliceError) -> Bool {
        walk.skipWhitespace()
        guard walk.current == UInt8(ascii: "n") else { return false }
        guard walk.bytes[try walk.skipValue()].elementsEqual("null".utf8) else { throw .noData }
        return true
    }

    /// Takes a body that is a single record (the response to a GET by id).
    package static func single(_ body: [UInt8]) throws(SliceError) -> SlicedRecord {
        var walk = try open(body)
        let record = try record(&walk)
        try close(&walk)
        return record
    }

    private static func record(_ walk: inout JSONWalk) throws(SliceError) -> SlicedRecord {
        walk.isClean = true
        walk.values = 0
        let range = try walk.skipValue()
        return SlicedRecord(range: range, isClean: walk.isClean && walk.values <= SlicedRecord.mostValues)
    }

    /// The ranges of the values of these keys at the top level of one record; of a broken record, as far as
    /// it can be read.
    ///
    /// Keys that are written with escapes are not found; of a duplicate key, the last value is returned.
    package static func values(of keys: Set<String>, in record: [UInt8]) -> [String: Range<Int>] {
        var found: [String: Range<Int>] = [:]
        var walk = JSONWalk(record)
        guard walk.take(.openBrace) else { return found }
        repeat {
            guard let name = try? name(&walk), let value = try? walk.skipValue() else { return found }
            let key = String(decoding: record[name], as: UTF8.self)
            if keys.contains(key) { found[key] = value }
        } while walk.take(.comma)
        return found
    }

    /// The bytes of a text at the top level of the first record, without its quotes, even if the body was cut
    /// off after it.
    ///
    /// Nil when the text is beyond the cut or contains an escape.
    package static func text(of key: String, inFirstRecordOf body: [UInt8]) -> Range<Int>? {
        guard let start = firstRecord(of: body) else { return nil }
        var walk = JSONWalk(body, at: start)
        guard walk.take(.openBrace) else { return nil }
        repeat {
            guard let found = try? name(&walk) else { return nil }
            let value: Range<Int>
            do { value = try walk.skipValue() } catch { return nil }
            guard body[found].elementsEqual(key.utf8), body[value.lowerBound] == .quote else { continue }
            let text = value.lowerBound + 1..<value.upperBound - 1
            return body[text].contains(.backslash) ? nil : text
        } while walk.take(.comma)
        return nil
    }

    /// True for the start of a list response whose first record is an object.
    package static func beginsWithRecord(_ body: [UInt8]) -> Bool {
        guard let start = firstRecord(of: body), start < body.count else { return false }
        return body[start] == .openBrace
    }

    private static func firstRecord(of body: [UInt8]) -> Int? {
        guard var walk = try? open(body), walk.take(.openBrace) else { return nil }
        repeat {
            guard let found = try? name(&walk) else { return nil }
            if Key(body[found]) == .data {
                guard walk.take(.openBracket) else { return nil }
                walk.skipWhitespace()
                return walk.index
            }
            guard (try? walk.skipValue()) != nil else { return nil }
        } while walk.take(.comma)
        return nil
    }

    /// Starts a walk at the opening brace, after a byte order mark if there is one.
    private static func open(_ body: [UInt8]) throws(SliceError) -> JSONWalk {
        var walk = JSONWalk(body, at: body.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
        walk.skipWhitespace()
        guard walk.current == .openBrace else { throw .notAnObject }
        return walk
    }

    private static func close(_ walk: inout JSONWalk) throws(SliceError) {
        walk.skipWhitespace()
        if walk.current != nil { throw .malformed(at: walk.index) }
    }

    private static func forEachKey(
        _ walk: inout JSONWalk,
        _ body: (inout JSONWalk, Key) throws(SliceError) -> Void
    ) throws(SliceError) {
        try walk.require(.openBrace)
        if walk.take(.closeBrace) { return }
        repeat {
            let found = try name(&walk)
            try body(&walk, Key(walk.bytes[found]))
        } while walk.take(.comma)
        try walk.require(.closeBrace)
    }

    /// Steps over a key and its colon; returns the range of the key without the quotes.
    private static func name(_ walk: inout JSONWalk) throws(SliceError) -> Range<Int> {
        walk.skipWhitespace()
        guard let next = walk.current else { throw .truncated }
        guard next == .quote else { throw .malformed(at: walk.index) }
        let start = walk.index + 1
        try walk.skipString()
        let end = walk.index - 1
        try walk.require(.colon)
        return start..<end
    }

    private static func records(_ walk: inout JSONWalk, most: Int) throws(SliceError) -> [SlicedRecord] {
        walk.skipWhitespace()
        guard let next = walk.current else { throw .truncated }
        guard next == .openBracket else { throw .noData }
        try walk.require(.openBracket)
        var records: [SlicedRecord] = []
        if walk.take(.closeBracket) { return records }
        repeat {
            guard records.count < most else { throw .tooManyRecords(most) }
            records.append(try record(&walk))
        } while walk.take(.comma)
        try walk.require(.closeBracket)
        return records
    }

    private static func boolean(_ bytes: ArraySlice<UInt8>) -> Bool? {
        if bytes.elementsEqual("true".utf8) { return true }
        return bytes.elementsEqual("false".utf8) ? false : nil
    }

    private enum Key {
        case data, hasNext, nextQueryFilters, total, other

        init(_ bytes: ArraySlice<UInt8>) {
            if bytes.elementsEqual("data".utf8) {
                self = .data
            } else if bytes.elementsEqual("total".utf8) {
                self = .total
            } else if bytes.elementsEqual("hasNext".utf8) {
                self = .hasNext
            } else if bytes.elementsEqual("nextQueryFilters".utf8) {
                self = .nextQueryFilters
            } else {
                self = .other
            }
        }
    }
}

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
