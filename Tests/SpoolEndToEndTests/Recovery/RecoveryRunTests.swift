import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

/// What happens to a spool's files in one case.
enum FileDamage: Sendable, CustomTestStringConvertible {
    case removed, emptied, garbageFile, firstPage, truncated, withoutLog, garbageLog, brokenLog,
        garbageIndexOfLog
    /// A page of a table or index is overwritten.
    case page(of: String, leaf: Bool)

    /// Cases for a spool that was closed.
    static let ofClosed: [FileDamage] = [
        .removed, .garbageFile, .page(of: "event", leaf: true), .page(of: "ledger", leaf: true),
        .page(of: "stream", leaf: true),
    ]

    /// Cases for a spool whose daemon was killed.
    static let ofKilled: [FileDamage] = [.removed, .garbageLog, .brokenLog]

    var testDescription: String {
        guard case .page(let name, let leaf) = self else { return "\(self)" }
        return "\(leaf ? "leaf" : "interior page") of \(name)"
    }

    /// Applies the damage; false when the spool has no such place.
    func apply(_ site: Site, _ random: inout SeededGenerator) async throws -> Bool {
        let (path, log) = (site.spoolPath, site.spoolPath + "-wal")
        let bytes = Data((0..<500_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        func noise(_ count: Int) -> Data { bytes.prefix(count) }
        func overwrite(_ file: String, _ range: Range<Int>) throws {
            let handle = try #require(FileHandle(forUpdatingAtPath: file))
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(range.lowerBound))
            try handle.write(contentsOf: noise(range.count))
        }
        func size(_ file: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        }
        switch self {
        case .removed:
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.removeItem(atPath: log)
        case .emptied:
            try Data().write(to: URL(fileURLWithPath: path))
            try FileManager.default.removeItem(atPath: log)
        case .garbageFile: try noise(500_000).write(to: URL(fileURLWithPath: path))
        case .firstPage: try overwrite(path, 0..<8_192)
        case .truncated: #expect(truncate(path, off_t(try size(path) / 2)) == 0)
        case .withoutLog: try FileManager.default.removeItem(atPath: log)
        case .garbageLog: try noise(300_000).write(to: URL(fileURLWithPath: log))
        case .brokenLog:
            let half = try size(log) / 2
            guard half > 10_000 else { return false }
            try overwrite(log, half..<half + 64)
        case .garbageIndexOfLog: try noise(32_768).write(to: URL(fileURLWithPath: path + "-shm"))
        case .page(let name, let leaf):
            let roots = try await site.query(
                "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0",
                as: Root.self
            )
            let map = try PageMap(
                path,
                roots: Dictionary(uniqueKeysWithValues: roots.map { ($0.name, $0.rootpage) })
            )
            let pages = (map.pages[name] ?? []).filter { $0.isLeaf == leaf }
            guard let page = pages.randomElement(using: &random) else { return false }
            try overwrite(path, map.range(of: page))
        }
        return true
    }

    private struct Root: Decodable {
        let name: String
        let rootpage: Int
    }
}

@Suite("a spool that was damaged or lost", .daemons)
struct RecoveryRunTests {
    @Test(
        "after a clean stop: the daemon starts, and everything that had not been delivered arrives",
        arguments: FileDamage.ofClosed
    )
    func closed(_ damage: FileDamage) async throws {
        try await Self.expectRecovery(from: damage, isKilled: false)
    }

    @Test(
        "after kill -9: the daemon starts, and everything that had not been delivered arrives",
        arguments: FileDamage.ofKilled
    )
    func killed(_ damage: FileDamage) async throws {
        try await Self.expectRecovery(from: damage, isKilled: true)
    }

    @Test(
        "a file that is moved, deleted or replaced while the daemon runs is noticed, and nothing it held is lost",
        arguments: ["moved", "deleted", "replaced"]
    )
    func whileRunning(_ how: String) async throws {
        try await Site.run(.busy(history: 1_000)) { site in
            let receiver = try await site.receiver()
            await receiver.stop()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let daemon = try await site.daemon()
            let visible = try await site.fetchAll()

            switch how {
            case "moved":
                try FileManager.default.moveItem(atPath: site.spoolPath, toPath: site.folder.path("other.db"))
            case "deleted": try FileManager.default.removeItem(atPath: site.spoolPath)
            default:
                try Data("no spool".utf8).write(to: URL(fileURLWithPath: site.spoolPath), options: .atomic)
            }
            try await daemon.waitUntil("opens the spool again") { lines in
                lines.contains { $0.isLog("reopening the spool") } && lines.count { $0.isLog("running") } == 2
            }
            try await receiver.listenAgain()
            try await receiver.await(ids: visible.count)
            try await site.drain("siem")

            #expect(Set(receiver.ids.keys) == visible)
            // The open file was copied to its place: nothing was fetched or sent twice.
            #expect(receiver.counts.duplicates == 0)
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    /// Events wait for a sink that is down; the spool is damaged, and the sink comes back.
    private static func expectRecovery(from damage: FileDamage, isKilled: Bool) async throws {
        var random = SeededGenerator(seed: 13)
        try await Site.run(.busy(history: 1_500, rate: 300)) { site in
            let receiver = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: receiver.port)] }
            let first = try await site.daemon()
            try await receiver.await(ids: 500)
            await receiver.stop()
            try await eventually("events wait for the sink") { try await site.waiting("siem") >= 300 }
            let visible = try await site.fetchAll()
            try await first.waitUntil("has saved its state") { _ in
                (try? Data(contentsOf: URL(fileURLWithPath: site.spoolPath + ".state"))) != nil
            }
            if isKilled { try await first.kill() } else { #expect(try await first.terminate() == .exited(0)) }
            guard try await damage.apply(site, &random) else { return }

            try await receiver.listenAgain()
            let second = try await site.daemon()
            // The spool itself may be read only by the daemon now: it may find the damage later, or never.
            try await receiver.await(ids: visible.count)

            #expect(Set(receiver.ids.keys) == visible)
            #expect(try await second.terminate() == .exited(0))
        }
    }
}
