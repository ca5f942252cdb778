import Foundation
import SpoolCore
import Synchronization
import Testing

@testable import SpoolStore

@Suite("The scratch file of a proof, next to the spool")
struct ProofScratchTests {
    private static func hash(_ number: Int) -> String {
        let digits = String(UInt64(number) &* 0x9E37_79B9_7F4A_7C15, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + String(repeating: "a", count: 48)
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test("its estimated size covers its actual size, and is less than twice as much")
    func estimate() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let count = 30_000
        for part in stride(from: 0, to: count, by: 5_000) {
            try await test.append(stream, (part..<(part + 5_000)).map { .at($0 / 100, Self.hash($0)) })
        }
        let window = Timestamp.t0..<Timestamp.t(1_000)
        let targets = [ProofTarget(sink: sink, name: SinkName("siem"))]

        let expected = try await test.spool.expectedScratch(of: stream, window, targets)
        let scratch = try await test.spool.proofScratch(of: stream, window, targets)
        defer { scratch.close() }
        for part in stride(from: 0, to: count, by: 5_000) {
            try await scratch.addSource(
                (part..<(part + 5_000)).map { .init(id: Self.hash($0), time: .t($0 / 100)) }
            )
        }
        var place: ProofSlice.Place? = .init(from: .t0)
        while let at = place {
            let slice = try await test.spool.proofSlice(of: stream, at: at, to: window.upperBound, targets)
            try await scratch.addSpooled(slice.rows)
            place = slice.next
        }
        let size = SpoolFiles.size(of: test.path + ".verify")

        #expect(expected == ScratchRoom.Expected(ids: count, lacks: count))
        let rows = Int64(count) * (ScratchRoom.perID + ScratchRoom.perLack)
        #expect(size <= rows && rows < 2 * size, "\(size) bytes for \(count) ids, expected \(rows)")
    }

    @Test("a window is counted in slices, excluding its end; only events above a watermark count as lacking")
    func expected() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (0..<10).map { .at($0, "e\($0)") })
        try await test.spool.deliver(sink, limit: 4)

        let all = try await test.spool.expectedScratch(
            of: stream,
            .t0 ..< .t(8),
            [ProofTarget(sink: sink, name: SinkName("siem"))]
        )
        let none = try await test.spool.expectedScratch(of: stream, .t(100) ..< .t(200), [])

        #expect(all == ScratchRoom.Expected(ids: 8, lacks: 4))
        #expect(none == ScratchRoom.Expected())
    }

    @Test("a disk without enough space is rejected before anything is written")
    func refused() async throws {
        var options = SpoolOptions.small
        // No disk has this much free space.
        options.lowDiskBytes = 1 << 60
        let test = try TestSpool(options: options)
        let (stream, _) = try await test.register().only()

        let error = await #expect(throws: StoreError.self) {
            _ = try await test.spool.proofScratch(of: stream, .t0 ..< .t(10), [])
        }

        #expect(error?.kind == .full)
        #expect(error?.description.contains("needs about 8MiB next to the spool") == true, "\(error as Any)")
        #expect(error?.description.contains("only 0B are available") == true, "\(error as Any)")
        #expect(!Self.exists(test.path + ".verify"))
    }

    @Test("it stops growing before it uses the space that the spool reserves")
    func full() async throws {
        let test = try TestSpool()
        let room = Mutex(ScratchRoom.atOnce)
        let scratch = try ProofScratch(beside: test.path) { room.withLock { $0 } }
        try await scratch.addSource([.init(id: "a", time: .t(1))])
        room.withLock { $0 -= 1 }

        let source = await #expect(throws: StoreError.self) {
            try await scratch.addSource([.init(id: "b", time: .t(1))])
        }
        let spooled = await #expect(throws: StoreError.self) {
            try await scratch.addSpooled([.init(seq: Seq(1), id: "c", isReadable: true, standings: [])])
        }
        let known = try await scratch.unknown(after: "").map(\.id)
        scratch.close()

        #expect(source?.kind == .full && spooled?.kind == .full)
        #expect(source?.description.contains("to leave the space that the spool needs") == true)
        #expect(known == ["a"])
        #expect(!Self.exists(test.path + ".verify"))
    }

    @Test("two never share a file; a file in use is not removed")
    func shared() async throws {
        let test = try TestSpool()
        let first = try ProofScratch(beside: test.path)
        try await first.addSource([.init(id: "a", time: .t(1))])

        let error = #expect(throws: StoreError.self) { _ = try ProofScratch(beside: test.path) }
        ProofScratch.removeLeft(beside: test.path)
        let known = try await first.unknown(after: "").map(\.id)
        let isThere = Self.exists(test.path + ".verify")
        first.close()

        #expect(error?.kind == .locked)
        #expect(known == ["a"] && isThere)
    }

    @Test("a file left by a killed process is removed without being read")
    func left() async throws {
        let test = try TestSpool()
        let path = test.path + ".verify"
        // As SQLite leaves it: a few pages without a lock.
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path))

        let scratch = try ProofScratch(beside: test.path)
        let known = try await scratch.unknown(after: "").count
        scratch.close()
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path))
        ProofScratch.removeLeft(beside: test.path)

        #expect(known == 0)
        #expect(!Self.exists(path))
    }
}
