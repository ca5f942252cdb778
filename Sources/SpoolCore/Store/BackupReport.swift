/// How far a backup is.
package struct BackupProgress: Sendable, Codable, Equatable {
    /// What is being done.
    package enum Step: String, Sendable, Codable {
        case copying, checking
    }

    package var step: Step
    /// Pages copied, and how many there are; the spool may grow meanwhile.
    package var pages: Int
    package var total: Int

    package init(step: Step, pages: Int, total: Int) {
        self.step = step
        self.pages = pages
        self.total = total
    }
}

/// What a finished backup is, as read back from it.
package struct BackupReport: Sendable, Codable, Equatable {
    package let file: String
    package let bytes: Int64
    package let events: Int
    package let streams: Int
    package let ledgerRows: Int
    /// The greatest `seq` that it holds.
    package let lastSeq: Int64

    package init(file: String, bytes: Int64, events: Int, streams: Int, ledgerRows: Int, lastSeq: Int64) {
        self.file = file
        self.bytes = bytes
        self.events = events
        self.streams = streams
        self.ledgerRows = ledgerRows
        self.lastSeq = lastSeq
    }

    private enum CodingKeys: String, CodingKey {
        case file, bytes, events, streams
        case ledgerRows = "ledger_rows"
        case lastSeq = "last_seq"
    }
}
