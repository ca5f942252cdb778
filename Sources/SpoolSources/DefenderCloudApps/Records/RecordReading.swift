import Foundation
package import SpoolCore

/// What a record of Defender for Cloud Apps says: the one reading, for pages and for rows that an older version
/// of it has derived.
package struct RecordReading {
    private let kind: EventKind
    private let date: Timestamp
    private let decoder = JSONDecoder()

    /// Reads records of one kind; `date` is the answer's `Date`, the time of records that have none.
    package init(kind: EventKind, date: Timestamp) {
        self.kind = kind
        self.date = date
    }

    /// The event a record makes; one that cannot be understood makes an event too, marked as such.
    ///
    /// `isClean` is false when the slicer found invalid text: what a decoder makes of it is guesswork.
    package func event(of record: ArraySlice<UInt8>, isClean: Bool = true) -> Event {
        read(record, isClean: isClean).event
    }

    /// The event with the time the record itself gives on its stream's basis; nil where it gives none.
    func read(_ record: ArraySlice<UInt8>, isClean: Bool) -> (event: Event, basis: Timestamp?) {
        (isClean ? readable(record) : nil) ?? (unreadable(record), nil)
    }

    private func readable(_ record: ArraySlice<UInt8>) -> (event: Event, basis: Timestamp?)? {
        let data = LoneSurrogates.replaced(in: record) ?? Data(record)
        switch kind {
        case .activity:
            let record = try? decoder.decode(ActivityRecord.self, from: data)
            return record?.event().map { ($0, record?.basis) }
        case .alert:
            let record = try? decoder.decode(AlertRecord.self, from: data)
            return record?.event().map { ($0, record?.basis) }
        }
    }

    /// What a record is marked by while it is read, in case that ends the process: its content.
    package static func key(of record: ArraySlice<UInt8>) -> String { ContentHash.hex(record, digits: 32) }

    /// How much of the raw text a line shows.
    private static let shown = 512

    /// Keyed by what it is known by, so that the same record read twice is one event.
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
        // Not through the middle of a character.
        while beginning.count < record.count, let next = record.dropFirst(beginning.count).first,
            next & 0xC0 == 0x80, !beginning.isEmpty
        {
            beginning.removeLast()
        }
        event.message = String(decoding: beginning, as: UTF8.self)
        return event
    }
}
