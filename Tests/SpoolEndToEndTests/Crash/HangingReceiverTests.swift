import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("a receiver that hangs", .daemons)
struct HangingReceiverTests {
    /// How the connection ends.
    enum End: CaseIterable {
        case receiverIsKilled, daemonStops
    }

    @Test(
        "events accepted only by a hanging receiver's kernel are doubtful, and one command sends them again",
        arguments: End.allCases
    )
    func hangs(_ end: End) async throws {
        // Few enough to fit into the kernel's receive buffer.
        try await Site.run(.busy(history: 30)) { site in
            let listener = site.start(
                "spool listen",
                BuiltProduct.spool,
                ["listen", "tcp://127.0.0.1:0", "--json"]
            )
            let port = try await Self.port(of: listener)
            try listener.send(.suspend)
            try site.configure { $0.sinks = [.init("siem", port: port)] }
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")

            if end == .receiverIsKilled {
                try await listener.kill()
                try await eventually("the connection has ended") {
                    try await site.number("SELECT count(*) FROM connection WHERE how IS NOT NULL") > 0
                }
            }
            #expect(try await daemon.terminate() == .exited(0))

            #expect(try await site.number("SELECT count(*) FROM connection WHERE how = 'clean'") == 0)
            #expect(try await Accounts(site: site).settled() == visible)
            #expect(try await Accounts(site: site).settled(doubtful: false).isEmpty)

            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let next = try await site.daemon()
            let again = try await site.replayMissing()
            #expect(again.code == 0, "\(again)")
            try await receiver.await(ids: visible.count)
            #expect(try await next.terminate() == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
        }
    }

    private static func port(of listener: Child) async throws -> Int {
        try await listener.waitUntil("listens") { $0.contains { $0.hasPrefix("listening on ") } }
        let line = try #require(listener.lines(.errors).first { $0.hasPrefix("listening on ") })
        let place = try #require(line.firstMatch(of: #/:(\d+)(,|$)/#))
        return try #require(Int(place.1))
    }
}
