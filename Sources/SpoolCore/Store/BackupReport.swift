/// The progress of a backup.
package struct BackupProgress: Sendable, Codable, Equatable {
    /// The current step.
    package enum Step: String, Sendable, Codable {
        case copying, checking
    }

    package var step: Step
    /// Pages copied, and their total; the spool may grow meanwhile.
    package var pages: Int
    package var total: Int

    package init(step: Step, pages: Int, total: Int) {
        self.step = step
        self.pages = pages
        self.total = total
    }
}

/// The contents of a finished backup, as read back from it.
package struct BackupReport: Sendable, Codable, Equatable {
    package let file: String
    package let bytes: Int64
    package let events: Int
    package let streams: Int
    package let ledgerRows: Int
    /// The highest `seq` that it contains.
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
