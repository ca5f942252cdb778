import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

extension Torture {
    /// Kills of the daemon, the portal and the SIEM at random moments of all kinds of work.
    @Suite("random kills", .daemons)
    struct RandomKillTests {
        /// What is under way besides fetching and delivery.
        fileprivate enum Work: CaseIterable {
            case nothing, replay, verify, backup, prune, directReplay, directVerify, directPrune, directBackup
        }

        private enum Victim: CaseIterable {
            case daemon, portal, siem, daemonAndPortal, daemonAndSIEM, all

            var hasDaemon: Bool { self != .portal && self != .siem }
            var hasPortal: Bool { self == .portal || self == .daemonAndPortal || self == .all }
            var hasSIEM: Bool { self == .siem || self == .daemonAndSIEM || self == .all }
        }

        @Test(
            "kills during replays, comparisons, backups and retention lose no event",
            .timeLimit(.minutes(600))
        )
        func rounds() async throws {
            print("random kills: seed \(TortureSettings.seed), \(TortureSettings.kills) rounds")
            var random = SeededGenerator(seed: TortureSettings.seed)
            try await Site.run(.busy(history: 800, rate: 20, seed: TortureSettings.seed)) { site in
                let receiver = try await site.receiver()
                try site.configureTrial(receiver.port) {
                    $0.spoolKeys = ["retention": "{ age: 24h }"]
                    $0.groups = ["audit": "{ every: 1h, window: 1h }"]
                }
                var daemon: Child? = try await site.daemon()
                for round in 0..<TortureSettings.kills {
                    if round > 0, round % 100 == 0 { print("random kills: round \(round)") }
                    daemon = try await Self.round(round, site, receiver, daemon, &random)
                }
                if let daemon { try await daemon.terminate() }

                site.simulator.setRate(activitiesPerSecond: 0)
                let last = try await site.daemon()
                let visible = site.visible
                try await Self.arrival(of: visible, at: receiver, site)
                try await eventually("replays have ended", within: .seconds(180)) {
                    try await site.number("SELECT count(*) FROM replay WHERE state = 'running'") == 0
                }
                try await site.drain("siem")
                #expect(try await last.terminate() == .exited(0))
                #expect(
                    try await Child.answer("sqlite3", [site.spoolPath, "PRAGMA integrity_check"]).output
                        == "ok"
                )
                #expect(visible.isSubset(of: receiver.ids.keys))
            }
        }

        /// One round; returns the daemon that runs at its end.
        private static func round(
            _ round: Int,
            _ site: Site,
            _ receiver: Receiver,
            _ running: Child?,
            _ random: inout SeededGenerator
        ) async throws -> Child? {
            let work = Work.allCases.randomElement(using: &random) ?? .nothing
            var victim = Victim.allCases.randomElement(using: &random) ?? .daemon
            let moment = Duration.milliseconds(Int.random(in: 5...1_500, using: &random))
            var daemon = running
            if work.isDirect {
                // The command itself has the spool, and is killed.
                victim = victim.hasDaemon ? victim : .daemon
                try await daemon?.terminate()
                daemon = nil
            } else if daemon == nil {
                daemon = try await site.daemon()
            }
            let command = work.arguments(site, round).map {
                site.start("spool \($0[0])", BuiltProduct.spool, $0 + ["--config", site.configurationPath])
            }
            try await Task.sleep(for: moment)

            if victim.hasDaemon {
                if work.isDirect { await command?.end() }
                try await daemon?.kill()
                daemon = nil
            }
            if victim.hasPortal { await site.simulator.stop() }
            if victim.hasSIEM { await receiver.stop() }
            // Sometimes work goes on for a while without them.
            if Bool.random(using: &random) {
                if victim.hasDaemon { daemon = try await site.daemon() }
                try await Task.sleep(for: .milliseconds(Int.random(in: 5...800, using: &random)))
            }
            if victim.hasPortal { try await site.simulator.restart() }
            if victim.hasSIEM { try await receiver.listenAgain() }
            if let command { await command.end() }
            try? FileManager.default.removeItem(atPath: site.folder.path("backup-\(round).db"))
            return daemon
        }

        /// Returns once everything has arrived.
        ///
        /// What the SIEM's kernel held when it was killed is doubtful in the
        /// ledger, and is replayed.
        private static func arrival(of visible: Set<String>, at receiver: Receiver, _ site: Site) async throws
        {
            try await eventually("everything is in the spool", within: .seconds(180)) {
                let waiting = try await site.waiting("siem")
                let inserted = try await site.number("SELECT sum(inserted) FROM stream WHERE kind < 3")
                return inserted >= visible.count && waiting == 0
            }
            let missing = visible.subtracting(receiver.ids.keys)
            guard !missing.isEmpty else { return }
            let certain = try await Accounts(site: site).settled(doubtful: false)
            #expect(missing.isDisjoint(with: certain), "shown as delivered, but never arrived")
            let replay = try await site.replayMissing()
            #expect(replay.code == 0, "\(replay)")
            try await eventually("doubtful events arrive", within: .seconds(120)) {
                visible.isSubset(of: receiver.ids.keys)
            }
        }
    }
}

extension Torture.RandomKillTests.Work {
    fileprivate var isDirect: Bool {
        switch self {
        case .directReplay, .directVerify, .directPrune, .directBackup: true
        case .nothing, .replay, .verify, .backup, .prune: false
        }
    }

    fileprivate func arguments(_ site: Site, _ round: Int) -> [String]? {
        switch self {
        case .nothing: nil
        case .replay, .directReplay: ["replay", "--from", "2d", "--to", "0s", "--yes", "--wait"]
        case .verify, .directVerify: ["verify", "--from", "2d", "--to", "0s", "--repair"]
        case .backup, .directBackup: ["backup", "--to", site.folder.path("backup-\(round).db")]
        case .prune, .directPrune: ["prune"]
        }
    }
}
