import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite("checkpoints")
struct CheckpointTests {
    @Test("the log is copied into the file as it grows, without a reported failure")
    func copies() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        let before = SpoolFiles.size(of: test.path)

        for page in 0..<40 {
            let text = String(repeating: "x", count: 4_000)
            let events = (0..<100).map { Event.at(page * 100 + $0, message: text) }
            try await test.append(stream, events)
        }

        #expect(SpoolFiles.size(of: test.path) > before + (8 << 20))
        #expect(try await test.spool.walReport(at: .t(100)).failing == nil)
        #expect(test.spool.checkpointFailures == 0)
    }

    @Test(
        "a failing checkpoint is reported from its first observation until one succeeds",
        .enabled(if: TemporaryDisk.isPossible)
    )
    func fails() async throws {
        // The log holds what does not fit into the database file.
        let disk = try TemporaryDisk(bytes: 24 << 20)
        let path = disk.folder.path("spool.db")
        let spool = try Spool.open(path: path, options: .small, at: .t0)
        let topology = Topology(
            streams: [Topology.Stream(name: StreamName(source: "a", stream: "b"), kind: .activity)],
            sinks: []
        )
        let stream = try #require(try await spool.register(topology, at: .t0).streams.values.first)
        let filler = disk.folder.path("filler")
        for page in 0..<8 {
            let text = String(repeating: "x", count: 4_000)
            _ = try await spool.append(.poll(stream, (0..<100).map { .at(page * 100 + $0, message: text) }))
        }
        let free = SpoolFiles(path: path).freeBytes()
        try Data(count: Int(free)).write(to: URL(fileURLWithPath: filler))
        _ = try await spool.writeWithoutTransaction { db in
            sqlite3Checkpoint(spool, db)
        }

        let first = try await spool.walReport(at: .t(100))
        let second = try await spool.walReport(at: .t(110))
        try FileManager.default.removeItem(atPath: filler)
        let third = try await spool.walReport(at: .t(120))

        #expect(first.failing?.since == .t(100))
        #expect(first.failing?.cause.contains("disk is full") == true, "\(first)")
        #expect(second.failing?.since == .t(100))
        #expect(third.failing == nil)
        #expect(spool.checkpointFailures >= 2)
        try await spool.close(at: .t(200))
    }

    private func sqlite3Checkpoint(_ spool: Spool, _ db: Database) { spool.wal.truncate(db) }
}
