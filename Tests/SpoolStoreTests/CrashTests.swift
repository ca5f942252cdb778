import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite struct CrashTests {
    private static let name = StreamName(source: "contoso", stream: "activities")

    private static func register(_ spool: Spool) async throws -> (StreamID, SinkID) {
        try await spool.register(
            Topology(
                streams: [Topology.Stream(name: name, kind: .activity)],
                sinks: [Topology.Sink(name: SinkName("siem"), type: "syslog", streams: [name])]
            ),
            at: .t0
        ).only()
    }

    /// What `kill -9` would leave: the file and its log as they are now.
    private static func image(of path: String, in folder: TemporaryFolder, _ number: Int) throws -> String {
        let copy = folder.path("image-\(number).db")
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        return copy
    }

    @Test(
        "completed operations survive a crash at any transaction boundary, and the rows match the cursor"
    )
    func everyBoundary() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        let spool = try Spool.open(path: path, options: .small, at: .t0)
        let (stream, sink) = try await Self.register(spool)
        var images: [(path: String, events: Int, since: Timestamp?, watermark: Int64, connections: Int)] = []
        func note(events: Int, since: Timestamp?, watermark: Int64, connections: Int = 0) throws {
            let image = try Self.image(of: path, in: folder, images.count)
            images.append((image, events, since, watermark, connections))
        }

        try note(events: 0, since: nil, watermark: 0)
        try await spool.begin(stream, start: .t0, sweptTo: .t0)
        try note(events: 0, since: .t0, watermark: 0)
        _ = try await spool.append(.poll(stream, (1...10).map { .at($0) }, to: .t(11)))
        try note(events: 10, since: .t(11), watermark: 0)
        let connection = try await spool.opened(sink, address: "tcp://a", transport: "tcp", at: .t(12))
        try note(events: 10, since: .t(11), watermark: 0, connections: 1)
        try await spool.deliver(sink, limit: 4, connection: connection)
        try note(events: 10, since: .t(11), watermark: 4, connections: 1)
        _ = try await spool.append(.poll(stream, (20...25).map { .at($0) }, to: .t(30)))
        try note(events: 16, since: .t(30), watermark: 4, connections: 1)
        _ = try await spool.write { try $0.execute(sql: "UPDATE stream SET swept_to_ms = 1 << 60") }
        let now = [stream: SourceTime(date: .t(31), sweepsBack: .zero)]
        _ = try await spool.prune(now: now, age: .zero)
        try note(events: 12, since: .t(30), watermark: 4, connections: 1)

        for image in images {
            let after = try Spool.open(path: image.path, options: .small, at: .t(99))
            let found = try await after.read { db in
                (
                    events: try Int.fetchOne(db, sql: "SELECT count(*) FROM event JOIN record USING (seq)")
                        ?? -1,
                    open: try Int.fetchOne(db, sql: "SELECT count(*) FROM connection WHERE how = 'unclean'")
                        ?? -1,
                    check: try String.fetchOne(db, sql: "PRAGMA integrity_check") ?? ""
                )
            }
            let progress = try await after.progress(of: stream)
            let subscription = try #require(try await after.subscriptions(of: sink).first)
            #expect(after.endedUncleanly)
            #expect(found.events == image.events)
            #expect(found.open == image.connections)
            #expect(found.check == "ok")
            #expect(progress.cursor?.since == image.since)
            #expect(subscription.watermark == Seq(image.watermark))
            let status = try await after.status()
            #expect(status.streams[0].kept == image.events)
            let waiting = try await after.read {
                try Int.fetchOne(
                    $0,
                    sql: "SELECT count(*) FROM event WHERE seq > ?",
                    arguments: [image.watermark]
                )
            }
            #expect(status.sinks[0].waiting == waiting)
        }
    }

    @Test("a transaction that is truncated in the log has no effect")
    func tornLog() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        let spool = try Spool.open(path: path, options: .small, at: .t0)
        let (stream, _) = try await Self.register(spool)
        _ = try await spool.append(.poll(stream, [.at(1)], to: .t(2)))
        let before = SpoolFiles.size(of: path + "-wal")
        _ = try await spool.append(.poll(stream, (10...400).map { .at($0) }, to: .t(500)))
        let after = SpoolFiles.size(of: path + "-wal")
        try #require(after > before)

        for (number, length) in [before, before + 1_000, (before + after) / 2, after - 1].enumerated() {
            let image = try Self.image(of: path, in: folder, number)
            let wal = try FileHandle(forUpdating: URL(fileURLWithPath: image + "-wal"))
            try wal.truncate(atOffset: UInt64(length))
            try wal.close()
            let opened = try Spool.open(path: image, options: .small, at: .t(99))

            let count = try await opened.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM event") }
            #expect(count == 1)
            #expect(try await opened.progress(of: stream).cursor?.since == .t(2))
        }
    }

    @Test("a forgotten reader's open transaction affects only the log's size, and is reported")
    func forgottenReader() async throws {
        var options = SpoolOptions.small
        options.walLimit = 1 << 20
        let test = try TestSpool(options: options)
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(0)])
        var configuration = Configuration()
        configuration.readonly = true
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: test.path, configuration: configuration)
        try await reader.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN")
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM event")
        }
        let raw = String(repeating: "x", count: 2_000)
        for page in 1...20 {
            try await test.append(stream, (0..<100).map { .at(page * 100 + $0) }) { _ in raw }
        }
        try await test.spool.deliver(sink)

        let first = try await test.spool.walReport(at: .t(100))
        let later = try await test.spool.walReport(at: .t(170))
        let step = Duration.days(400)
        try await test.spool.followClock(to: .t(180) + step, setForwardBy: step)
        let forward = try await test.spool.walReport(at: .t(180) + step)
        try await test.spool.followClock(to: .t(190))
        let back = try await test.spool.walReport(at: .t(200))
        try reader.close()
        let free = try await test.spool.walReport(at: .t(180))

        #expect(first.bytes > options.walLimit)
        #expect(first.heldSince == .t(100))
        #expect(later.heldSince == .t(100))
        // Its age must not depend on a clock that was set.
        #expect(forward.heldSince == .t(100) + step)
        #expect(back.heldSince == .t(190))
        #expect(free.heldSince == nil)
        #expect(SpoolFiles.size(of: test.path + "-wal") == 0)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 2_001)
    }

    @Test("the log is truncated above its limit while no reader holds it")
    func logStaysShort() async throws {
        var options = SpoolOptions.small
        options.walLimit = 1 << 20
        let test = try TestSpool(options: options)
        let (stream, _) = try await test.register().only()
        let raw = String(repeating: "x", count: 2_000)

        for page in 1...30 {
            try await test.append(stream, (0..<100).map { .at(page * 100 + $0) }) { _ in raw }
            #expect(SpoolFiles.size(of: test.path + "-wal") <= 2 << 20)
        }
    }

    @Test("a command can read while the daemon runs, but not write")
    func readOnlyBeside() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        try await test.append(stream, [.at(1)])

        let reader = try Spool.openReadOnly(path: test.path)
        let status = try await reader.status()
        let error = await #expect(throws: StoreError.self) {
            try await reader.begin(stream, start: .t0, sweptTo: .t0)
        }

        #expect(status.streams[0].kept == 1)
        #expect(error?.kind == .readOnly)
    }
}
