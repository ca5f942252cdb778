import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("signals", .daemons)
struct SignalTests {
    @Test(
        "SIGTERM under load repeatedly ends within seconds with exit code 0; no event is lost or repeated"
    )
    func terminateUnderLoad() async throws {
        try await Site.run(.busy(history: 1_500, rate: 100)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }

            for round in 1...4 {
                let daemon = try await site.daemon()
                try await receiver.await(ids: receiver.counts.ids + 150)
                let status = try await daemon.terminate(within: .seconds(15))
                #expect(status == .exited(0), "round \(round)")
            }
            let last = try await site.daemon()
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            try await last.terminate()

            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
            try await site.expectLedgerIsTrue(of: "siem", at: receiver)
        }
    }

    @Test("SIGTERM ends within seconds while the receiver does not read, and unread events are sent again")
    func terminateWhileBlocked() async throws {
        try await Site.run(.busy(history: 12_000)) { site in
            var listener = ReceiverConfiguration.keeping()
            listener.receiveBuffer = 64 << 10
            listener.isReading = false
            let receiver = try await site.receiver(listener)
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()

            let status = try await daemon.terminate(within: .seconds(20))
            receiver.setReading(true)
            let next = try await site.daemon()
            try await receiver.await(ids: visible.count)
            try await site.drain("siem")
            try await next.terminate()

            #expect(status == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
            try await site.expectLedgerIsTrue(of: "siem", at: receiver)
        }
    }

    @Test("after SIGHUP events go to a sink's new address, and none is lost or sent twice")
    func reloadAddress() async throws {
        try await Site.run(.busy(history: 500, rate: 40)) { site in
            let (old, new) = (try await site.receiver(), try await site.receiver())
            try site.configure { $0.sinks = [.init("siem", port: old.port)] }
            let daemon = try await site.daemon()
            try await old.await(ids: 700)

            try site.configure { $0.sinks = [.init("siem", port: new.port)] }
            try daemon.send(.terminalClosed)
            try await new.await(ids: 100)
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let status = try await daemon.terminate()

            #expect(daemon.lines(.errors).contains { $0.isLog("configuration reloaded") })
            #expect(Set(old.ids.keys).union(new.ids.keys) == visible)
            #expect(Set(old.ids.keys).isDisjoint(with: new.ids.keys))
            #expect(old.counts.duplicates == 0 && new.counts.duplicates == 0)
            #expect(status == .exited(0))
        }
    }

    @Test("SIGHUP with an invalid configuration keeps the old one and reports the position of the error")
    func reloadWrong() async throws {
        try await Site.run(.busy(history: 300, rate: 20)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            try await receiver.await(ids: 350)

            try site.configure { $0.sinks[0].keys["transprot"] = "udp" }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("logs that it keeps the old configuration") {
                $0.contains { $0.isLog("reload failed, previous configuration kept") }
            }
            try await receiver.await(ids: receiver.counts.ids + 50)
            let visible = try await site.fetchAll()
            try await site.drain("siem")
            let status = try await daemon.terminate()

            let message = daemon.lines(.errors).first { $0.contains("previous configuration kept") } ?? ""
            #expect(message.contains("transprot") && message.contains(/spool\.yaml:\d+:\d+/), "\(message)")
            #expect(status == .exited(0))
            #expect(Set(receiver.ids.keys) == visible)
            #expect(receiver.counts.duplicates == 0)
        }
    }

    @Test("after SIGHUP with a larger `max_size` a full spool continues fetching")
    func reloadSize() async throws {
        try await Site.run(.busy(history: 1_500)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            site.simulator.addFault(.bloated(bytesPerRecord: 4_000), on: [.activities], .always)
            try site.configure {
                $0.sinks = [.init("siem", port: receiver.port)]
                $0.spoolKeys["retention"] = "{ max_size: 2MiB }"
                $0.activities = "{ start: 3d, look_back: 2s, sweep: 500ms, page_limit: 100 }"
            }
            let daemon = try await site.daemon()
            try await daemon.waitUntil("reports that the spool is full", within: .seconds(120)) { lines in
                lines.contains { $0.isLog("notification raised") && $0.contains("Spool full") }
            }
            let spooled = try await site.number("SELECT count(*) FROM event")

            try site.configure { $0.spoolKeys["retention"] = "{ max_size: 1GiB }" }
            try daemon.send(.terminalClosed)
            let visible = try await site.fetchAll()
            try await receiver.listenAgain()
            try await receiver.await(ids: visible.count)
            let status = try await daemon.terminate()

            #expect(spooled < visible.count)
            #expect(Set(receiver.ids.keys) == visible)
            #expect(status == .exited(0))
        }
    }

    @Test("SIGHUP with another `spool.path` is refused, and the old configuration stays in effect")
    func reloadPath() async throws {
        try await Site.run(.busy(history: 50)) { site in
            let (old, new) = (try await site.receiver(), try await site.receiver())
            try site.configure { $0.sinks = [.init("siem", port: old.port)] }
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()

            try site.configure {
                $0.sinks = [.init("siem", port: new.port)]
                let text = $0.yaml(folder: "FOLDER", url: "PORTAL")
                $0.text = text.replacing("FOLDER/spool.db", with: "FOLDER/other.db")
            }
            try daemon.send(.terminalClosed)
            try await daemon.waitUntil("logs that it keeps the old configuration") { lines in
                lines.contains {
                    $0.isLog("reload failed, previous configuration kept")
                        && $0.contains("spool.path has changed, which requires a restart of the daemon")
                }
            }
            site.simulator.insert(
                .init(id: "after", created: site.simulator.clock.nowMs),
                into: .activities
            )
            try await old.await(ids: visible.count + 1)
            let status = try await daemon.terminate()

            #expect(Set(old.ids.keys) == visible.union(["after"]))
            #expect(new.ids.isEmpty)
            #expect(throws: (any Error).self) { try site.folder.read("other.db") }
            #expect(status == .exited(0))
        }
    }
}
