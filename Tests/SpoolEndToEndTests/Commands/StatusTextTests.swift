import Foundation
import SpoolControl
import SpoolCore
import Testing

@testable import spool

@Suite("`spool status` without a running daemon")
struct StatusTextTests {
    private static let now = Timestamp(milliseconds: 1_795_046_400_000)

    private func report(_ stopped: StoppedDaemon?) -> StatusReport {
        var report = StatusReport(
            version: "1",
            holder: stopped == nil ? "7 (spool run)" : nil,
            at: Self.now,
            spool: SpoolFileStatus(path: "/spool.db", events: 1, used: 2, limit: 3, wal: 4, free: 5)
        )
        var stream = StreamStatus(name: "contoso/alerts", kind: "alert", state: "connected")
        stream.gaps = [GapStatus(.unread, from: Self.now - .hours(3), to: nil)]
        report.streams = [stream]
        var sink = SinkStatus(
            name: "siem",
            type: "syslog",
            address: "siem:514",
            state: "retrying",
            backlog: 7
        )
        sink.error = "Connection refused."
        sink.attempts = 4
        sink.retryAt = Self.now - .hours(2)
        report.sinks = [sink, SinkStatus(name: "new", type: "syslog", address: "new:514", state: "created")]
        report.notifications = [
            SpoolNotification(at: Self.now, severity: .error, code: "c", subject: "s", message: "m")
        ]
        report.stopped = stopped
        return report
    }

    @Test("reports this first and shows the last known states")
    func stopped() {
        let text = StatusText(report(StoppedDaemon(since: Self.now - .hours(2), isClean: true))).text

        #expect(text.hasPrefix("NO DAEMON RUNNING since 2026-11-18T22:00:00.000Z (2h"), "\(text)")
        #expect(text.contains(#/contoso/alerts +was connected /#), "\(text)")
        #expect(text.contains(#/siem +was retrying /#), "\(text)")
        #expect(text.contains(#/new +created /#), "\(text)")
        #expect(text.contains("siem: last known: Connection refused."), "\(text)")
        #expect(text.contains("4 attempts so far, next when a daemon runs"), "\(text)")
        #expect(text.contains("it heals by itself when a daemon runs and the source answers"), "\(text)")
    }

    @Test("distinguishes a killed daemon and a spool that has never had one")
    func killed() {
        let killed = StatusText(report(StoppedDaemon(since: Self.now - .hours(2), isClean: false))).text
        let never = StatusText(report(StoppedDaemon(since: nil, isClean: true))).text

        #expect(
            killed.hasPrefix(
                "NO DAEMON RUNNING: last seen at 2026-11-18T22:00:00.000Z (2h ago), did not shut down"
            )
        )
        #expect(never.hasPrefix("NO DAEMON RUNNING, and none has run before: nothing is fetched or sent"))
    }

    @Test("while a daemon is running, the current states are shown")
    func runs() {
        let text = StatusText(report(nil)).text

        #expect(text.hasPrefix("ERROR c s"))
        #expect(!text.contains("was ") && !text.contains("last known"), "\(text)")
        #expect(text.contains("4 attempts so far, next now"), "\(text)")
    }

    @Test("messages that were sent shortened are counted, also in JSON; without any, nothing is shown")
    func shortened() throws {
        var report = report(nil)
        report.sinks[0].shortened = 3
        report.sinks[1].shortened = 0

        let text = StatusText(report).text
        let json = try #require(String(data: JSONEncoder().encode(report), encoding: .utf8))

        #expect(
            text.contains("siem: 3 messages shortened because of their length: `select * from shortened`")
        )
        #expect(text.components(separatedBy: "shortened").count == 3)
        #expect(json.contains("\"shortened\":3") && json.contains("\"shortened\":0"))
    }

    @Test("reports it first on one line, too")
    func line() {
        let stopped = StatusLine(report(StoppedDaemon(since: Self.now - .hours(2), isClean: true))).text
        let runs = StatusLine(report(nil)).text

        #expect(stopped.contains("Z  no daemon running, last seen at 2026-11-18T22:00:00.000Z; "))
        #expect(
            stopped.contains(
                "contoso/alerts was connected, newest none, 1 gap; siem was retrying, 7 waiting"
            )
        )
        #expect(runs.contains("Z  contoso/alerts connected, newest none, 1 gap; siem retrying, 7 waiting"))
    }
}
