import GRDB
import SpoolCore
import Synchronization
import Testing

@testable import SpoolStore

/// How retention finds what it may delete, with a backlog in its way.
@Suite struct RetentionScanTests {
    private static func scan(_ stream: StreamID) -> PruneScan {
        PruneScan(
            stream,
            cutoff: .t(900_000),
            sweepsBack: .zero,
            leftBefore: .t0,
            pausedBefore: .t0,
            now: .t(900_000)
        )
    }

    @Test("once it has passed all settled events, retention does not scan the backlog")
    func stopsAtBacklog() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, (1...3 * Retention.slice).map { .at($0) })
        // It stays, as the first event.
        try await test.spool.deliver(
            sink,
            limit: 1,
            outcome: .refused(Refusal(reason: "rejected", detail: "no"))
        )
        let scan = Self.scan(stream)

        let (isEmpty, isAtEnd) = try await test.spool.read { [scan] db in
            var scan = scan
            return (try scan.candidates(db) == nil, scan.isAtEnd)
        }

        #expect(isEmpty && isAtEnd)
    }

    @Test("when stopped, retention ends after the current slice, and continues there the next time")
    func stops() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, (1...3 * Retention.slice).map { .at($0) })
        try await test.spool.deliver(sink)
        let asked = Mutex(0)

        let first = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero) {
            asked.withLock { count in
                count += 1
                return count > 1
            }
        }
        let second = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)

        #expect(first.events == Retention.slice)
        #expect(second.events == 2 * Retention.slice)
    }

    @Test("a settled event after a backlog in time is found without scanning the backlog")
    func passesBacklog() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        try await test.append(stream, [.at(100_000), .at(950_000)])
        try await test.spool.deliver(sink)
        try await test.append(stream, (1...4 * Retention.slice).map { .at($0) })
        let scan = Self.scan(stream)

        let found = try await test.spool.read { [scan] db in
            var scan = scan
            return try (1...2).map { _ in try scan.candidates(db)?.seqs }
        }

        #expect(found == [nil, [1]])
    }

    @Test("settled events are deleted even with a backlog and kept events before, between and after them")
    func mixedWithBacklog() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        let count = 2 * Retention.slice
        // Settled events have odd seconds; later ones, with even seconds, are pending.
        try await test.append(stream, (0..<count).map { .at(2 * $0 + 1) })
        try await test.spool.deliver(
            sink,
            limit: 1,
            outcome: .refused(Refusal(reason: "rejected", detail: "no"))
        )
        try await test.spool.deliver(sink, limit: count)
        try await test.append(stream, (0..<count).map { .at(2 * $0) })

        let report = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)

        #expect(report.events == count - 1)
        #expect(try await test.spool.status().streams[0].kept == count + 1)
        #expect(try await test.values("SELECT last_seq FROM ledger") == [1])
    }
}
