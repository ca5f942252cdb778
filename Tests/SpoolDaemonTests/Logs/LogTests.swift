import Logging
import SpoolCore
import Testing

@testable import SpoolDaemon

@Suite("log lines")
struct LogTests {
    @Test("are logfmt, and one line whatever a value contains")
    func logfmt() {
        let line = LogfmtHandler.line(
            Timestamp(milliseconds: 1_764_000_000_000),
            .warning,
            "delivery failed",
            ["sink": "siem", "cause": "a \"b\"\nc=\\d", "none": ""]
        )

        let facts = #"cause="a \"b\"\nc=\\d" none="" sink=siem"#
        #expect(line == "2025-11-24T16:00:00.000Z warning \"delivery failed\" " + facts)
    }

    @Test("are preceded by syslog priorities for the journal")
    func priorities() {
        let levels = Logger.Level.allCases.map(JournalPrefix.text)

        #expect(levels == ["<7>", "<7>", "<6>", "<5>", "<4>", "<3>", "<2>"])
    }

    @Test("go to the journal only if standard error is the stream that systemd named")
    func journal() {
        #expect(JournalPrefix.isJournal("8:12345", device: 8, inode: 12_345))
        #expect(!JournalPrefix.isJournal("8:12345", device: 8, inode: 1))
        #expect(!JournalPrefix.isJournal(nil, device: 8, inode: 12_345))
        #expect(!JournalPrefix.isJournal("", device: 0, inode: 0))
    }
}
