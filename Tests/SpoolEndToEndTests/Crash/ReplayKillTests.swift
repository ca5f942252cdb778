import Foundation
import SpoolReceiver
import SpoolTestSupport
import Subprocess
import Testing

@Suite("replays killed in the middle", .daemons)
struct ReplayKillTests {
    @Test("a replay whose daemon is killed continues in the next one and sends its whole window")
    func inDaemon() async throws {
        try await Site.run(.busy(history: 4_000)) { site in
            let receiver = try await Self.deliver(site)
            receiver.setReading(false)
            let first = try await site.daemon()
            let made = try await site.spool("replay", "--from", "4d", "--to", "0s", "--yes")
            #expect(made.code == 0, "\(made)")
            try await first.kill()
            receiver.setReading(true)

            let second = try await site.daemon()
            try await Self.untilDisabled(site)

            #expect(try await second.terminate() == .exited(0))
            #expect(receiver.ids.count == receiver.ids.values.count { $0 >= 2 })
            try await Accounts(site: site).check()
        }
    }

    @Test("a `spool replay` without a daemon that is killed is continued by the next daemon")
    func direct() async throws {
        try await Site.run(.busy(history: 4_000)) { site in
            let receiver = try await Self.deliver(site)
            receiver.setReading(false)
            let command = Self.startReplay(site)
            try await eventually("the replay is created") {
                try await site.number("SELECT count(*) FROM replay WHERE state = 'running'") == 1
            }
            try await eventually("it has connected") {
                try await site.number("SELECT count(*) FROM connection WHERE closed_ms IS NULL") == 1
            }
            try await command.kill()
            receiver.setReading(true)

            let daemon = try await site.daemon()
            try await Self.untilDisabled(site)

            #expect(try await daemon.terminate() == .exited(0))
            #expect(receiver.ids.count == receiver.ids.values.count { $0 >= 2 })
            try await Accounts(site: site).check()
        }
    }

    @Test("`spool run` takes over the spool from a command that holds it, and continues its replay")
    func handOver() async throws {
        try await Site.run(.busy(history: 4_000)) { site in
            let receiver = try await Self.deliver(site)
            receiver.setReading(false)
            let command = Self.startReplay(site)
            try await eventually("it has connected") {
                try await site.number("SELECT count(*) FROM connection WHERE closed_ms IS NULL") == 1
            }

            let daemon = try await site.daemon()
            try await command.exit()
            receiver.setReading(true)
            try await Self.untilDisabled(site)

            #expect(command.lines(.output).contains { $0.contains("continues there") })
            #expect(try await daemon.terminate() == .exited(0))
            #expect(receiver.ids.count == receiver.ids.values.count { $0 >= 2 })
        }
    }

    /// Starts `spool replay` of everything, without a daemon.
    private static func startReplay(_ site: Site) -> Child {
        site.start(
            "spool replay",
            BuiltProduct.spool,
            ["replay", "--from", "4d", "--to", "0s", "--yes", "--wait", "--config", site.configurationPath]
        )
    }

    /// Delivers everything once and stops the daemon.
    private static func deliver(_ site: Site) async throws -> Receiver {
        var configuration = ReceiverConfiguration.keeping()
        // With a small buffer a receiver that does not read soon stops the sender.
        configuration.receiveBuffer = 4_096
        let receiver = try await site.receiver(configuration)
        try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
        let daemon = try await site.daemon()
        try await site.fetchAll()
        try await site.drain("siem")
        #expect(try await daemon.terminate() == .exited(0))
        return receiver
    }

    private static func untilDisabled(_ site: Site) async throws {
        try await eventually("the replay has ended") {
            try await site.number("SELECT count(*) FROM replay WHERE state = 'disabled' AND sent >= total")
                == 1
        }
    }
}
