import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

@Suite("A receiver without events to send", .daemons)
struct QuietSinkTests {
    @Test("is reported while it is down and no longer once it is back, although nothing is sent")
    func awayAndBack() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let receiver = try await site.receiver()
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.activities = "{ start: 3d, look_back: 2s, sweep: 500ms }"
            }
            let daemon = try await site.daemon()
            _ = try await site.fetchAll()
            try await site.drain("siem")
            let settled = try await site.number("SELECT max(id) FROM ledger")

            await receiver.stop()
            _ = try await site.spool("retry")
            try await eventually("the sink is reported down") {
                _ = try await site.spool("retry")
                return try await site.number("SELECT count(*) FROM sink WHERE state = 'retrying'") == 1
            }
            try await receiver.listenAgain()
            try await eventually("the sink is connected") {
                if try await site.number("SELECT attempts FROM sink") > 0 {
                    _ = try await site.spool("retry")
                }
                return try await site.number(
                    "SELECT count(*) FROM sink WHERE state = 'connected' AND attempts = 0 AND "
                        + "trouble_since_ms IS NULL"
                ) == 1
            }
            try await daemon.terminate()

            #expect(try await site.number("SELECT max(id) FROM ledger") == settled)
        }
    }
}
