import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite struct FullDiskTests {
    private struct Filled {
        let disk: TemporaryDisk
        let spool: Spool
        let stream: StreamID
        let sink: SinkID
        let inserted: Int
    }

    /// A spool whose disk has no space for another page.
    private static func fill(walLimit: Int64 = 64 << 20) async throws -> Filled {
        let disk = try TemporaryDisk(bytes: 16 << 20)
        var options = SpoolOptions.small
        options.reserveBytes = 4 << 20
        options.lowDiskBytes = 256 << 10
        options.walLimit = walLimit
        let path = disk.folder.path("spool.db")
        let spool = try Spool.open(path: path, options: options, at: .t0)
        let name = StreamName(source: "contoso", stream: "activities")
        let registration = try await spool.register(
            Topology(
                streams: [Topology.Stream(name: name, kind: .activity)],
                sinks: [Topology.Sink(name: SinkName("siem"), type: "syslog", streams: [name])]
            ),
            at: .t0
        )
        let stream = try #require(registration.streams[name])
        let raw = String(repeating: "x", count: 2_000)
        var inserted = 0
        while true {
            do throws(StoreError) {
                let events = (0..<200).map { Event.at(inserted + $0) }
                inserted += try await spool.append(.poll(stream, events) { _ in raw }).inserted
            } catch {
                #expect(error.kind == .full)
                break
            }
        }
        return Filled(
            disk: disk,
            spool: spool,
            stream: stream,
            sink: try #require(registration.sinks.values.first),
            inserted: inserted
        )
    }

    @Test(
        "a page that does not fit has no effect, and fetching pauses",
        .enabled(if: TemporaryDisk.isPossible)
    )
    func intakeStops() async throws {
        let filled = try await Self.fill()

        let count = try await filled.spool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM event") }

        #expect(count == filled.inserted)
        #expect(filled.inserted > 1_000)
        #expect(try await filled.spool.mustPause())
        #expect(filled.spool.reserve.isWhole)
    }

    @Test(
        "on a full disk the reserve lets settling and retention continue, and is restored later",
        .enabled(if: TemporaryDisk.isPossible)
    )
    func reserveHelps() async throws {
        let filled = try await Self.fill()
        while try await filled.spool.status().sinks[0].waiting > 0 {
            try await filled.spool.deliver(filled.sink)
        }

        let now = [filled.stream: SourceTime(date: .t(1_000_000), sweepsBack: .zero)]
        _ = try await filled.spool.write { try $0.execute(sql: "UPDATE stream SET swept_to_ms = 1 << 60") }
        let report = try await filled.spool.prune(now: now, age: .zero)

        #expect(report.events == filled.inserted)
        #expect(filled.spool.reserve.isWhole)
        #expect(try await filled.spool.mustPause() == false)
        #expect(try await filled.spool.append(.poll(filled.stream, [.at(2_000_000)])).inserted == 1)
    }

    @Test("a spool on a full disk opens by releasing the reserve", .enabled(if: TemporaryDisk.isPossible))
    func opensOnFullDisk() async throws {
        let disk = try TemporaryDisk(bytes: 8 << 20)
        var options = SpoolOptions.small
        options.reserveBytes = 2 << 20
        let path = disk.folder.path("spool.db")
        do {
            let spool = try Spool.open(path: path, options: options, at: .t0)
            try await spool.close(at: .t(1))
        }
        let other = disk.folder.path("other")
        _ = FileManager.default.createFile(atPath: other, contents: nil)
        let handle = try #require(FileHandle(forWritingAtPath: other))
        while (try? handle.write(contentsOf: Data(count: 4_096))) != nil {}

        let spool = try Spool.open(path: path, options: options, at: .t(2))

        #expect(!spool.reserve.isWhole)
        #expect(try await spool.status().size.hasReserve == false)
    }

    @Test(
        "on a disk smaller than max_size, settled events are deleted early, and fetching continues",
        .enabled(if: TemporaryDisk.isPossible)
    )
    func smallDisk() async throws {
        let filled = try await Self.fill(walLimit: 1 << 20)
        _ = try await filled.spool.mustPause()
        while try await filled.spool.status().sinks[0].waiting > 0 {
            try await filled.spool.deliver(filled.sink)
        }
        let now = [filled.stream: SourceTime(date: .t(1_000_000), sweepsBack: .zero)]
        _ = try await filled.spool.write { try $0.execute(sql: "UPDATE stream SET swept_to_ms = 1 << 60") }

        let report = try await filled.spool.prune(now: now, age: .days(3_650))

        #expect(report.events > 0 && report.events < filled.inserted)
        #expect(try await filled.spool.mustPause() == false)
        #expect(filled.spool.pause == nil)
    }

    @Test("a page does not use the space of the released reserve", .enabled(if: TemporaryDisk.isPossible))
    func pageLeavesReserve() async throws {
        let filled = try await Self.fill()
        #expect(filled.spool.reserve.giveUp())

        await #expect(throws: StoreError.diskFull(filled.spool.path)) {
            try await filled.spool.append(.poll(filled.stream, [.at(2_000_000)]))
        }
        #expect(filled.spool.pause == .disk)
    }

    @Test("after a page that did not fit, the disk is the reason for the pause")
    func pauseHasCause() {
        var gate = PauseGate(maxBytes: 1_000, lowDiskBytes: 100)

        gate.diskWasFull()
        let pauses: [FetchPause?] = [
            gate.pause,
            gate.pause(used: 0, free: 199),
            gate.pause(used: 0, free: 200),
            gate.pause(used: 1_000, free: 200),
        ]

        #expect(pauses == [.disk, .disk, nil, .size])
    }

    @Test(
        "the reserved space of a large disk does not pause fetching forever on a small one",
        .enabled(if: TemporaryDisk.isPossible)
    )
    func fitsSmallDisk() async throws {
        let disk = try TemporaryDisk(bytes: 24 << 20)
        let path = disk.folder.path("spool.db")

        let spool = try Spool.open(
            path: path,
            options: SpoolOptions(holder: "a test").fitted(toDiskOf: path),
            at: .t0
        )

        #expect(spool.reserve.isWhole)
        #expect(SpoolFiles.size(of: path + ".reserve") == (24 << 20) / 8)
        #expect(try await spool.mustPause() == false)
    }
}

extension PauseGate {
    fileprivate mutating func pause(used: Int64, free: Int64) -> FetchPause? {
        _ = update(used: used, free: free, hasReserve: true)
        return pause
    }
}
