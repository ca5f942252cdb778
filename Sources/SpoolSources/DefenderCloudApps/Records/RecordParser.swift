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
