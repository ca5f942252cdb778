import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

/// Spools to damage: one that was stopped, and one whose daemon was killed; both hold events that wait for
/// the SIEM, and the portal has some more.
struct DamageBase: Sendable {
    /// Where the spools are.
    private let folder: TemporaryFolder
    /// The portal's time when it was created, and when the spools were copied.
    private let start: Int64
    private let end: Int64
    let records: [RecordedRun.Inserted]
    /// What the SIEM had received when the spools were copied.
    let received: Set<String>
    /// The start of each stream, in milliseconds.
    let streamStarts: String
    let pages: [DamagedPage]
    /// Spools with a rollback journal that the first start left.
    let journals: [[String: FileContent]]

    private static let waiting = ["before": 100, "during": 60, "after": 60]

    static func make() async throws -> DamageBase {
        let start = Int64(Date().timeIntervalSince1970 * 1_000)
        let folder = try TemporaryFolder()
        return try await Site.run(portal(start)) { site in
            site.simulator.clock.setSpeed(1)
            let record = folder.path("record")
            let receiver = try await site.receiver()
            try site.configureDamage(receiver.port)
            let first = try await site.daemon(environment: FaultLibrary.record(site.folder.path, to: record))
            try await site.fetchAll()
            try await site.drain("siem")
            #expect(try await site.spool("prune").code == 0)
            #expect(try await first.terminate() == .exited(0))
            await receiver.stop()

            var records: [RecordedRun.Inserted] = []
            func insert(_ name: String) {
                let added = (0..<(waiting[name] ?? 0)).map { number in
                    RecordedRun.Inserted(
                        id: "\(name)-\(number)",
                        createdMs: site.simulator.clock.nowMs + Int64(number),
                        bytes: number % 20 == 7 ? 30_000 : 1_000
                    )
                }
                records += added
                site.simulator.insert(added.map(\.full), into: .activities)
            }
            insert("before")
            let second = try await site.daemon()
            try await site.spooled()
            #expect(try await second.terminate() == .exited(0))
            try site.copySpool(to: folder.path("stopped"))
            insert("during")
            let third = try await site.daemon()
            try await site.spooled()
            try await third.kill()
            try site.copySpool(to: folder.path("killed"))
            insert("after")

            var random = SeededGenerator(seed: TortureSettings.seed)
            let read = try DiskRecord(contentsOf: record)
            return DamageBase(
                folder: folder,
                start: start,
                end: site.simulator.clock.nowMs + 1_000,
                records: records,
                received: Set(receiver.ids.keys),
                streamStarts: try await site.streamStarts(),
                pages: try await DamagedPage.pages(
                    ofSpoolAt: folder.path("stopped/spool.db"),
                    using: &random
                ),
                journals: read.operations.indices.filter {
                    read.operations[$0].kind == .unlinked && read.operations[$0].path.hasSuffix("-journal")
                }.map { DiskModel(read, after: $0).seen }
            )
        }
    }

    /// Runs `body` with a copy of a spool, at a portal with the same records.
    func run<Result: Sendable>(
        _ moment: Damage.Moment,
        _ body: (Site) async throws -> Result
    ) async throws -> Result {
        try await Site.run(Self.portal(start)) { site in
            fill(site.simulator)
            let source = folder.path(moment == .killed ? "killed" : "stopped")
            for file in try FileManager.default.contentsOfDirectory(atPath: source) {
                try FileManager.default.copyItem(atPath: source + "/" + file, toPath: site.folder.path(file))
            }
            return try await body(site)
        }
    }

    /// Runs `body` with other files.
    func run<Result: Sendable>(
        _ files: [String: FileContent],
        _ body: (Site) async throws -> Result
    ) async throws -> Result {
        try await Site.run(Self.portal(start)) { site in
            fill(site.simulator)
            for (path, content) in files { try content.write(to: site.folder.path(path)) }
            return try await body(site)
        }
    }

    private func fill(_ simulator: Simulator) {
        simulator.clock.set(toMs: end)
        simulator.clock.setSpeed(1)
        for record in records { simulator.insert(record.full, into: .activities) }
    }

    private static func portal(_ start: Int64) -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration.busy(history: 400, seed: TortureSettings.seed)
        // Ids contain times: the history is the same only if it is made while the clock stands.
        configuration.clock = .manual(startMs: start)
        return configuration
    }
}

extension Site {
    /// The configuration of all spools to damage.
    func configureDamage(_ port: Int) throws {
        try configureTrial(port) { $0.spoolKeys = ["retention": "{ age: 24h }"] }
    }

    /// Returns once all records of the portal have come into the spool.
    fileprivate func spooled() async throws {
        let visible = visible
        try await eventually("\(visible.count) events have come into the spool") {
            try await number("SELECT coalesce(sum(inserted), 0) FROM stream WHERE kind < 3")
                >= visible.count
        }
    }

    /// The starts of the streams, as text.
    func streamStarts() async throws -> String {
        struct Row: Decodable { let starts: String? }
        return try await query(
            "SELECT group_concat(start_ms) AS starts FROM (SELECT start_ms FROM stream ORDER BY name)",
            as: Row.self
        ).first?.starts ?? ""
    }

    /// Copies the spool with everything beside it; the reserve as a file of the same length.
    fileprivate func copySpool(to path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where file.hasPrefix("spool.db") && !file.hasSuffix(".sock") {
            let (from, to) = (folder.path(file), path + "/" + file)
            if file.hasSuffix(".reserve") {
                _ = FileManager.default.createFile(atPath: to, contents: nil)
                let size = try FileManager.default.attributesOfItem(atPath: from)[.size] as? Int
                #expect(truncate(to, off_t(size ?? 0)) == 0)
            } else {
                try FileManager.default.copyItem(atPath: from, toPath: to)
            }
        }
    }
}
