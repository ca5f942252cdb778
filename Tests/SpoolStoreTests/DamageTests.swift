import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite struct DamageTests {
    private static func path(in folder: TemporaryFolder) -> String { folder.path("spool.db") }

    @Test(
        "a file that is not a database is rejected as damaged and not changed",
        arguments: [10, 600, 20_000]
    )
    func garbage(bytes: Int) throws {
        let folder = try TemporaryFolder()
        let path = Self.path(in: folder)
        let content = Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) })
        try content.write(to: URL(fileURLWithPath: path))

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t0)
        }

        #expect(error?.kind == .damaged)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        #expect(throws: StoreError.self) { try Spool.openReadOnly(path: path) }
    }

    @Test("another program's database is rejected and not switched to WAL")
    func foreignDatabase() throws {
        let folder = try TemporaryFolder()
        let path = Self.path(in: folder)
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE t (a)") }
        try queue.close()

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t0)
        }

        #expect(error?.kind == .damaged)
        let mode = try DatabaseQueue(path: path).read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "delete")
    }

    @Test("a spool of a newer version is rejected for reading")
    func newerSchema() async throws {
        let test = try TestSpool()
        try await test.spool.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA user_version = \(Migrations.all.count + 1)")
        }
        try await test.spool.close(at: .t(1))

        let error = #expect(throws: StoreError.self) {
            try Spool.openReadOnly(path: test.path)
        }

        #expect(error?.kind == .newerSchema)
    }

    @Test("a spool of a newer version is rejected for writing and not changed")
    func newerSchemaForWriting() async throws {
        let folder = try TemporaryFolder()
        let path = Self.path(in: folder)
        do {
            let spool = try Spool.open(path: path, options: .small, at: .t0)
            try await spool.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA user_version = \(Migrations.all.count + 1)")
            }
            try await spool.close(at: .t(1))
        }

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t(2))
        }

        #expect(error?.kind == .newerSchema)
    }

    @Test("a file that is truncated after an unclean end is rejected as damaged")
    func truncated() async throws {
        let folder = try TemporaryFolder()
        let path = Self.path(in: folder)
        do {
            let spool = try Spool.open(path: path, options: .small, at: .t0)
            let topology = Topology(
                streams: [Topology.Stream(name: StreamName(source: "a", stream: "b"), kind: .activity)],
                sinks: []
            )
            let stream = try #require(try await spool.register(topology, at: .t0).streams.values.first)
            for page in 0..<10 {
                _ = try await spool.append(.poll(stream, (0..<100).map { .at(page * 100 + $0) }))
            }
            _ = try await spool.writeWithoutTransaction { spool.wal.truncate($0) }
            try spool.letGo()
        }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.truncate(atOffset: try file.seekToEnd() / 2)
        try file.close()

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t(1))
        }

        #expect(error?.kind == .damaged)
    }

    @Test("a missing folder is named in the error")
    func missingFolder() throws {
        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: "/nonexistent/folder/spool.db", options: .small, at: .t0)
        }

        #expect(error?.kind == .readOnly)
        #expect(error?.description.contains("/nonexistent/folder") == true)
    }

    @Test("a read-only disk is reported as read-only", .enabled(if: TemporaryDisk.isPossible))
    func readOnlyDisk() async throws {
        let disk = try TemporaryDisk(bytes: 8 << 20)
        let path = Self.path(in: disk.folder)
        do {
            let spool = try Spool.open(path: path, options: .small, at: .t0)
            try await spool.close(at: .t(1))
        }
        try #require(disk.makeReadOnly())

        let error = #expect(throws: StoreError.self) {
            try Spool.open(path: path, options: .small, at: .t(2))
        }

        #expect(error?.kind == .readOnly)
    }

    @Test("a closed spool on a read-only disk can still be read", .enabled(if: TemporaryDisk.isPossible))
    func readsOnReadOnlyDisk() async throws {
        let disk = try TemporaryDisk(bytes: 8 << 20)
        let path = Self.path(in: disk.folder)
        do {
            let spool = try Spool.open(path: path, options: .small, at: .t0)
            _ = try await spool.register(Topology(streams: [], sinks: []), at: .t0)
            try await spool.close(at: .t(1))
        }
        try #require(disk.makeReadOnly())

        let status = try await Spool.openReadOnly(path: path).status()

        #expect(status.streams.isEmpty)
    }
}
