import Dispatch
import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Synchronization
import Testing

/// The operations of a daemon on its disk, with what its receiver had got at which time.
struct RecordedRun: Sendable {
    let record: DiskRecord
    let notes: Notes

    /// Everything besides the operations that is needed to go on from one of them, as JSON.
    struct Notes: Codable, Sendable {
        /// The portal's time at the start and at the end, in milliseconds.
        var startMs: Int64
        var endMs: Int64
        var seed: UInt64
        /// Records that were added to the portal's history.
        var inserted: [Inserted]
        /// When each id was received first, by the monotonic clock in nanoseconds.
        var receipts: [String: UInt64]
    }

    struct Inserted: Codable, Sendable {
        var id: String
        var createdMs: Int64
        var bytes: Int
    }

    /// The ids that the receiver had before the operation.
    func received(before operation: Int) -> Set<String> {
        let time = operation > 0 ? record.operations[operation - 1].time : 0
        return Set(notes.receipts.filter { $0.value <= time }.keys)
    }

    /// Makes a new recording, or reads the one that is chosen, and passes the portal on, which still runs.
    static func use<Result: Sendable>(
        _ body: (RecordedRun, Simulator) async throws -> Result
    ) async throws -> Result {
        if let folder = TortureSettings.recording {
            let run = try read(folder)
            return try await Simulator.run(portal(run.notes.seed, run.notes.startMs)) { simulator in
                for record in run.notes.inserted { simulator.insert(record.full, into: .activities) }
                simulator.clock.set(toMs: run.notes.endMs)
                simulator.clock.setSpeed(1)
                return try await body(run, simulator)
            }
        }
        let start = Int64(Date().timeIntervalSince1970 * 1_000)
        return try await Site.run(portal(TortureSettings.seed, start)) { site in
            site.simulator.clock.setSpeed(1)
            let run = try await Recorder(site: site, start: start).run()
            return try await body(run, site.simulator)
        }
    }

    private static func portal(_ seed: UInt64, _ start: Int64) -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration.busy(history: 500, seed: seed)
        // Ids contain times: the history is the same only if it is made while the clock stands.
        configuration.clock = .manual(startMs: start)
        return configuration
    }

    private static func read(_ folder: String) throws -> RecordedRun {
        RecordedRun(
            record: try DiskRecord(contentsOf: folder + "/record"),
            notes: try JSONDecoder().decode(
                Notes.self,
                from: Data(contentsOf: URL(fileURLWithPath: folder + "/notes.json"))
            )
        )
    }
}

extension RecordedRun.Inserted {
    /// The record, filled up to its length.
    var full: SimulatedRecord {
        let text = String(repeating: "x", count: bytes)
        let raw = """
            {"_id":"\(id)","timestamp":\(createdMs),"created":\(createdMs),"description":"\(text)"}
            """
        return SimulatedRecord(raw: Array(raw.utf8), created: createdMs, timestamp: createdMs)
    }
}

/// Makes a recording: a backlog, a reload, a kill, a replay, a comparison, a backup, retention, an outage.
private struct Recorder {
    let site: Site
    let start: Int64
    private let receipts = Receipts()
    private let folder = TortureSettings.keptFolder + "/recording"

    init(site: Site, start: Int64) {
        self.site = site
        self.start = start
    }

    func run() async throws -> RecordedRun {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var configuration = ReceiverConfiguration.keeping()
        configuration.onMessage = { [receipts] in receipts.note($0) }
        let receiver = try await site.receiver(configuration)
        await receiver.stop()
        try site.configureTrial(receiver.port)

        var inserted: [RecordedRun.Inserted] = []
        var daemon = try await daemon()
        try await spooled()
        try await receiver.listenAgain()
        try await insert(100, over: .seconds(1), &inserted)
        try site.configure { $0.spoolKeys = ["retention": "{ age: 24h }"] }
        try daemon.send(.terminalClosed)
        try await insert(100, over: .seconds(1), &inserted)
        let replay = try await site.spool("replay", "--from", "4d", "--to", "0s", "--yes")
        #expect(replay.code == 0, "\(replay)")
        try await insert(50, over: .milliseconds(500), &inserted)
        try await daemon.kill()

        daemon = try await self.daemon()
        try await insert(100, over: .seconds(1), &inserted)
        try await arrived(receiver)
        let verify = try await site.spool("verify", "--from", "2d", "--to", "0s", "--repair")
        #expect([0, 1].contains(verify.code), "\(verify)")
        try await eventually("replays have ended") {
            try await site.number("SELECT count(*) FROM replay WHERE state = 'running'") == 0
        }
        try await site.drain("siem")
        let pruned = try await site.spool("prune")
        #expect(pruned.code == 0, "\(pruned)")
        let backup = try await site.spool("backup", "--to", site.folder.path("backup.db"))
        #expect(backup.code == 0, "\(backup)")

        // Nothing is on its way, so the end of the connection loses nothing.
        await receiver.stop()
        try await insert(200, over: .seconds(1), &inserted)
        try await spooled()
        try await receiver.listenAgain()
        try await insert(50, over: .milliseconds(500), &inserted)
        try await arrived(receiver)
        try await site.drain("siem")
        #expect(try await daemon.terminate() == .exited(0))

        let notes = RecordedRun.Notes(
            startMs: start,
            endMs: site.simulator.clock.nowMs,
            seed: TortureSettings.seed,
            inserted: inserted,
            receipts: receipts.first
        )
        try JSONEncoder().encode(notes).write(to: URL(fileURLWithPath: folder + "/notes.json"))
        return RecordedRun(record: try DiskRecord(contentsOf: folder + "/record"), notes: notes)
    }

    private func daemon() async throws -> Child {
        try await site.daemon(
            environment: FaultLibrary.record(site.folder.path, to: folder + "/record")
        )
    }

    private func insert(_ count: Int, over time: Duration, _ inserted: inout [RecordedRun.Inserted])
        async throws
    {
        let step = 10
        for _ in 0..<count / step {
            for _ in 0..<step {
                let number = inserted.count
                let record = RecordedRun.Inserted(
                    id: "torture-\(number)",
                    createdMs: site.simulator.clock.nowMs,
                    bytes: number % 37 == 0 ? 40_000 : 200 + number * 131 % 3_000
                )
                inserted.append(record)
                site.simulator.insert(record.full, into: .activities)
            }
            try await Task.sleep(for: time / (count / step))
        }
    }

    private func spooled() async throws {
        let visible = site.visible
        try await eventually("\(visible.count) events are in the spool") {
            try await site.number("SELECT coalesce(sum(inserted), 0) FROM stream WHERE kind < 3")
                >= visible.count
        }
    }

    private func arrived(_ receiver: Receiver) async throws {
        let visible = site.visible
        try await eventually("\(visible.count) events have arrived") {
            visible.isSubset(of: receiver.ids.keys)
        }
    }
}

/// When each id was received first.
private final class Receipts: Sendable {
    private let times = Mutex<[String: UInt64]>([:])

    var first: [String: UInt64] { times.withLock { $0 } }

    func note(_ message: ReceivedMessage) {
        let text = message.text
        guard let begin = text.range(of: "externalId=") else { return }
        let id = String(text[begin.upperBound...].prefix { $0 != " " })
        // The clock of the record: CLOCK_MONOTONIC.
        let now = DispatchTime.now().uptimeNanoseconds
        times.withLock { if $0[id] == nil { $0[id] = now } }
    }
}
