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
