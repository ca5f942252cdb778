import Foundation
import GRDB
import SpoolCore

/// The transaction of one page: window, events with their records, and the stream's state.
enum PageAppend {
    static func run(_ db: Database, _ commit: PageCommit) throws -> PageReceipt {
        let window = try FetchWindow.open(db, commit)
        let counts = try EventInsert.insert(db, commit, window: window)
        let kept = try FetchWindow.update(db, commit, window: window, counts)
        try StreamRow.advance(db, commit, window: kept)
        try GapRow.polled(db, commit)
        try StreamRow.count(db, commit, counts)
        return PageReceipt(
            window: kept,
            inserted: counts.inserted,
            changed: counts.changed,
            unreadable: counts.unreadable,
            skipped: counts.skipped
        )
    }
}

/// How a page's records were handled.
struct PageCounts {
    var inserted = 0
    var changed = 0
    var unreadable = 0
    var skipped = 0
}

/// Inserts a page's records into `event` and `record`.
///
/// All texts of the page are first concatenated in one buffer, so that each can be bound without a copy by
/// SQLite and without its own `String`.
enum EventInsert {
    private static let eventSQL = """
        INSERT INTO event (stream_id, window_id, fetched_ms, derived, kind, readable, occurred_ms, created_ms,
            severity, external_id, category, action, message, user_name, app_name, app_id, ip, country,
            user_agent, objects, policies, link)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (stream_id, external_id) DO NOTHING
        """
    private static let recordSQL = "INSERT INTO record (seq, raw) VALUES (?, ?)"
    private static let knownSQL = """
        SELECT r.raw FROM event e JOIN record r ON r.seq = e.seq WHERE e.stream_id = ? AND e.external_id = ?
        """
    /// Parameter index of the first text.
    private static let firstText: Int32 = 10

    static func insert(_ db: Database, _ commit: PageCommit, window: WindowID) throws -> PageCounts {
        let pruned = try PrunedPart(db, commit)
        let texts = PageTexts(commit.page.records)
        return try texts.bytes.withUnsafeBytes { textBytes in
            try commit.page.body.withUnsafeBytes { body in
                try insert(db, commit, window, pruned, textBytes, texts.ends, body)
            }
        }
    }

    private static func insert(
        _ db: Database,
        _ commit: PageCommit,
        _ window: WindowID,
        _ pruned: PrunedPart,
        _ texts: UnsafeRawBufferPointer,
        _ ends: [Int],
        _ body: UnsafeRawBufferPointer
    ) throws -> PageCounts {
        let event = try RawStatement(db, eventSQL)
        let record = try RawStatement(db, recordSQL)
        let known = try RawStatement(db, knownSQL)
        defer {
            // No binding may point into a buffer that is freed.
            event.release()
            record.release()
            known.release()
        }
        event.bind(commit.stream.value, at: 1)
        event.bind(window.value, at: 2)
        event.bind(commit.fetched.milliseconds, at: 3)
        event.bind(Int64(Event.reading), at: 4)
        known.bind(commit.stream.value, at: 1)
        var counts = PageCounts()
        for (index, item) in commit.page.records.enumerated() {
            let place = index * PageTexts.columns
            let id = text(place, texts, ends)
            let raw = UnsafeRawBufferPointer(rebasing: body[item.raw])
            var isNew = false
            let isLeftOut = isLeftOut(item, of: commit.scan, pruned)
            if !isLeftOut {
                bind(item.event, created: created(item, commit.page.date, pruned.to), to: event)
                for column in 0..<PageTexts.columns {
                    event.bind(text: text(place + column, texts, ends), at: firstText + Int32(column))
                }
                try event.run()
                isNew = event.changes == 1
            }
            if isNew {
                record.bind(db.lastInsertedRowID, at: 1)
                record.bind(text: raw, at: 2)
                try record.run()
                counts.inserted += 1
                if !item.event.isReadable { counts.unreadable += 1 }
            } else {
                known.bind(text: id, at: 2)
                if try known.step() {
                    if !isEqual(known.text(0), raw) { counts.changed += 1 }
                } else if isLeftOut, commit.scan.reason != .refetch {
                    counts.skipped += 1
                }
                known.reset()
            }
        }
        return counts
    }

    /// True for a record that retention has deleted: inserted as new, it would be delivered twice.
    ///
    /// For polls and sweeps, this applies only to records with their own time within the scan's window:
    /// retention stays behind both, except for the seconds by which polls overlap. A record outside the
    /// window was not requested by its time and may never have been fetched; delivering it twice is better
    /// than never. Deleted records that a refetch finds are stored separately (`OwnStream`). Where the ids of
    /// deleted events are kept, a record that is not among them was never fetched and is inserted.
    private static func isLeftOut(_ record: PageRecord, of scan: Scan, _ pruned: PrunedPart) -> Bool {
        let created = record.event.created
        guard created.milliseconds < pruned.to else { return false }
        guard scan.reason == .refetch || record.hasOwnTime && created >= scan.from else { return false }
        return pruned.hasDeleted(record.event.externalID, at: created.milliseconds) != false
    }

    /// When a record counts as created.
    ///
    /// For a record without its own time this is the page's time, if retention would otherwise delete it
    /// immediately and the next page insert it again as new.
    private static func created(_ record: PageRecord, _ date: Timestamp, _ prunedTo: Int64) -> Timestamp {
        let created = record.event.created
        return record.hasOwnTime || created.milliseconds >= prunedTo ? created : date
    }

    private static func bind(_ event: Event, created: Timestamp, to statement: RawStatement) {
        statement.bind(Int64(event.kind.rawValue), at: 5)
        statement.bind(event.readable, at: 6)
        statement.bind(event.occurred.milliseconds, at: 7)
        statement.bind(created.milliseconds, at: 8)
        statement.bind(event.severity.map(Int64.init), at: 9)
    }

    private static func text(
        _ place: Int,
        _ bytes: UnsafeRawBufferPointer,
        _ ends: [Int]
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(place == 0 ? 0 : ends[place - 1])..<ends[place]])
    }

    private static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return true }
        return memcmp(leftStart, rightStart, left.count) == 0
    }
}

/// The texts of a page's events, concatenated in the order of the insert's parameters.
private struct PageTexts {
    static let columns = 13

    private(set) var bytes: [UInt8] = []
    private(set) var ends: [Int] = []

    init(_ records: [PageRecord]) {
        ends.reserveCapacity(records.count * Self.columns)
        bytes.reserveCapacity(records.count * 512)
        for record in records {
            let event = record.event
            append(event.externalID)
            append(event.category)
            append(event.action)
            append(event.message)
            append(event.userName)
            append(event.appName)
            append(event.appID)
            append(event.ip)
            append(event.country)
            append(event.userAgent)
            append(event.objects)
            append(event.policies)
            append(event.link)
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(bytes.count)
    }
}

extension Event {
    /// The column `readable`: 0 if the record could not be parsed, 2 if it was parsed although it is not
    /// valid JSON, so that the view `events` has no `json` for it.
    var readable: Int64 { isReadable ? (isJSON ? 1 : 2) : 0 }
}
