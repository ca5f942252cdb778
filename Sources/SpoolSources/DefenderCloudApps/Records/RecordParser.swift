import Foundation
package import SpoolCore

/// Decodes records of Defender for Cloud Apps, for pages and for rows that an older version has derived.
package struct RecordParser {
    private let kind: EventKind
    private let date: Timestamp
    private let decoder = JSONDecoder()

    /// Decodes records of one kind; `date` is the response's `Date`, which is the time of records without
    /// one.
    package init(kind: EventKind, date: Timestamp) {
        self.kind = kind
        self.date = date
    }

    /// The event for a record; a record that cannot be decoded becomes an event that is marked as unreadable.
    ///
    /// `isClean` is false when the slicer found invalid text, which a decoder would interpret arbitrarily.
    package func event(of record: ArraySlice<UInt8>, isClean: Bool = true) -> Event {
        read(record, isClean: isClean).event
    }

    /// The event, and the record's own time on its stream's basis; nil if it has none.
    func read(_ record: ArraySlice<UInt8>, isClean: Bool) -> (event: Event, basis: Timestamp?) {
        (isClean ? readable(record) : nil) ?? (unreadable(record), nil)
    }

    private func readable(_ record: ArraySlice<UInt8>) -> (event: Event, basis: Timestamp?)? {
        guard var (event, basis) = decoded(LoneSurrogates.replaced(in: record) ?? Data(record)) else {
            return nil
        }
        event.isJSON = JSONSyntax.isValid(record)
        return (event, basis)
    }

    private func decoded(_ data: Data) -> (event: Event, basis: Timestamp?)? {
        switch kind {
        case .activity:
            let record = try? decoder.decode(ActivityRecord.self, from: data)
            return record?.event().map { ($0, record?.basis) }
        case .alert:
            let record = try? decoder.decode(AlertRecord.self, from: data)
            return record?.event().map { ($0, record?.basis) }
        }
    }

    /// Marks a record while it is decoded, in case that crashes the process: a hash of its content.
    package static func key(of record: ArraySlice<UInt8>) -> String { ContentHash.hex(record, digits: 32) }

    /// How many bytes of the raw text a line shows.
    private static let shown = 512

    /// The event for an unreadable record; its key is the same whenever the record is read.
    func unreadable(_ record: ArraySlice<UInt8>) -> Event {
        var event = Event(
            externalID: RecordIdentity.id(ofUnreadable: record),
            kind: kind,
            isReadable: false,
            occurred: date,
            created: date
        )
        event.category = ActivityName.unspecified
        event.action = "Unreadable record"
        var beginning = record.prefix(Self.shown)
        // Do not split a character.
        while beginning.count < record.count, let next = record.dropFirst(beginning.count).first,
            next & 0xC0 == 0x80, !beginning.isEmpty
        {
            beginning.removeLast()
        }
        event.message = String(decoding: beginning, as: UTF8.self)
        return event
    }
}

/// Escapes of lone surrogates (`\ud83d` without its other half), which JSON's grammar allows and decoders
/// reject.
enum LoneSurrogates {
    /// The record with each of them replaced by U+FFFD, for reading only; nil when it has none.
    static func replaced(in record: ArraySlice<UInt8>) -> Data? {
        var repaired: [UInt8]?
        var index = record.startIndex
        while let backslash = record[index...].firstIndex(of: UInt8(ascii: "\\")) {
            guard let unit = unit(record, at: backslash) else {
                // Another escape: two bytes, so that an escaped backslash does not count as the start of the
                // next escape.
                index = min(backslash + 2, record.endIndex)
                continue
            }
            let isPair =
                (0xD800...0xDBFF).contains(unit)
                && (Self.unit(record, at: backslash + 6).map { (0xDC00...0xDFFF).contains($0) } ?? false)
            if !isPair, (0xD800...0xDFFF).contains(unit) {
                if repaired == nil { repaired = Array(record) }
                let offset = backslash - record.startIndex
                for (index, byte) in #"\ufffd"#.utf8.enumerated() { repaired?[offset + index] = byte }
            }
            index = backslash + (isPair ? 12 : 6)
        }
        return repaired.map { Data($0) }
    }

    /// The code unit of the escape `\uXXXX` at `index`.
    private static func unit(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt16? {
        guard index + 6 <= bytes.endIndex, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
