import SpoolReceiver
import SpoolSimulator
import Subprocess
import Testing

@Suite("from the portal to the receiver", .daemons)
struct WholeWayTests {
    @Test("every activity and alert of the portal reaches the receiver once, and SIGTERM ends with exit 0")
    func wholeWay() async throws {
        try await Site.run(.busy(history: 500)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()

            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let status = try await daemon.terminate()

            #expect(status == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
            #expect(!site.simulator.visibleIDs(.alerts).isEmpty)
        }
    }
}
