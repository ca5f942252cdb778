import SpoolControl
import SpoolCore
import Testing

@Suite("The status report")
struct StatusReportTests {
    @Test("its keys are a public interface: snake case, times in milliseconds")
    func keys() throws {
        let time = Timestamp(milliseconds: 1_795_472_055_003)
        var stream = StreamStatus(name: "contoso/alerts", kind: "alert", state: "ok", perMinute: 12)
        stream.lastSuccess = time
        var sink = SinkStatus(
            name: "siem",
            type: "syslog",
            address: "tls://siem:6514",
            state: "connected",
            backlog: 7
        )
        sink.oldest = time
        var report = StatusReport(
            version: "1.0",
            holder: "1 (spool run)",
            at: time,
            spool: SpoolFileStatus(path: "/x", events: 1, used: 2, limit: 3, wal: 4, free: 5)
        )
        report.streams = [stream]
        report.sinks = [sink]
        report.notifications = [
            SpoolNotification(at: time, severity: .error, code: "c", subject: "s", message: "m")
        ]

        let bytes = try ControlCoding.encode(report)

        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"at_ms":1795472055003,"holder":"1 (spool run)","notifications":[{"at_ms":1795472055003,\
                "code":"c","message":"m","severity":"error","subject":"s"}],"replays":[],\
                "sinks":[{"address":"tls://siem:6514","attempts":0,\
                "backlog":7,"dead_letters":0,"name":"siem","oldest_ms":1795472055003,"per_minute":0,\
                "state":"connected","type":"syslog"}],"spool":{"events":1,"free_bytes":5,"limit_bytes":3,\
                "path":"/x","used_bytes":2,"wal_bytes":4},"streams":[{"gaps":[],"kind":"alert",\
                "last_success_ms":1795472055003,"name":"contoso/alerts","per_minute":12,"state":"ok"}],\
                "version":"1.0"}
                """
        )
        #expect(try ControlCoding.decode(StatusReport.self, from: bytes) == report)
    }

    @Test("without a daemon it contains when the last one stopped, and how")
    func stopped() throws {
        var report = StatusReport(
            version: "1.0",
            holder: nil,
            at: Timestamp(milliseconds: 9),
            spool: SpoolFileStatus(path: "/x", events: 1, used: 2, limit: 3, wal: 4, free: 5)
        )
        report.stopped = StoppedDaemon(since: Timestamp(milliseconds: 7), isClean: false)

        let bytes = try ControlCoding.encode(report)

        #expect(String(decoding: bytes, as: UTF8.self).contains(#""stopped":{"clean":false,"since_ms":7}"#))
        #expect(try ControlCoding.decode(StatusReport.self, from: bytes) == report)
    }

    @Test("the time of re-reading is never after the time of reading")
    func readTwice() {
        var stream = StreamStatus(name: "contoso/alerts", kind: "alert", state: "connected")
        stream.sweptTo = Timestamp(milliseconds: 9)
        let before = stream.readTwiceTo
        stream.readTo = Timestamp(milliseconds: 5)
        let behind = stream.readTwiceTo
        stream.readTo = Timestamp(milliseconds: 12)

        #expect(before == nil)
        #expect(behind == Timestamp(milliseconds: 5))
        #expect(stream.readTwiceTo == Timestamp(milliseconds: 9))
    }

    @Test("the spool's own notifications are not a stream of a source")
    func fetchedStreams() {
        var report = StatusReport(
            version: "1.0",
            holder: nil,
            at: Timestamp(milliseconds: 0),
            spool: SpoolFileStatus(path: "/x", events: 1, used: 2, limit: 3, wal: 4, free: 5)
        )
        report.streams = ["contoso/alerts", "spool/notifications"].map {
            StreamStatus(name: $0, kind: "alert", state: "connected")
        }

        #expect(report.fetchedStreams.map(\.name) == ["contoso/alerts"])
    }
}
