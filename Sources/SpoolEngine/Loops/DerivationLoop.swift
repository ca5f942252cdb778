import Logging
import SpoolCore
import SpoolPipeline
import SpoolSources
import SpoolStore

/// Re-parses older records in the background, in slices, after the record parser has changed.
///
/// Starts at the first event; once it has reached the end, later starts of the daemon do not search again.
struct DerivationLoop: Sendable {
    /// The pause between two slices, so that fetching and delivery keep priority on the disk.
    static let pause = Duration.milliseconds(50)

    let spool: Spool
    let crashes: PoisonGuard
    let time: Clocks
    let logger: Logger

    /// Runs until every stale record is re-parsed, or `stop` is requested.
    func run(stop: ShutdownRequest) async throws(StoreError) {
        guard try await spool.mayHaveStaleRecords() else { return }
        var place: Seq? = Seq(0)
        var count = 0
        while let from = place, !stop.isAsked {
            let (records, next) = try await spool.staleRecords(after: from)
            place = next
            guard !records.isEmpty else { continue }
            guard let events = try await read(records, after: from, stop: stop) else { return }
            do throws(StoreError) {
                try await spool.derive(zip(records, events).map { ($0.seq, $1) })
                count += records.count
            } catch {
                guard error.kind == .full || error.kind == .busy else { throw error }
                place = from
            }
            await time.wait(Self.pause, or: SeenVersion(stop))
        }
        if place == nil { try await spool.noStaleRecordsLeft() }
        if count > 0 { logger.notice("older records re-parsed", metadata: ["events": "\(count)"]) }
    }

    /// Parses a slice under crash marks, as pages are parsed; nil if stopped.
    private func read(_ records: [StaleRecord], after seq: Seq, stop: ShutdownRequest)
        async throws(StoreError)
        -> [Event]?
    {
        try await crashes.events(
            under: .derivation(after: seq),
            singles: { records.map { PoisonMark.record(RecordParser.key(of: $0.raw[...]), $0.stream) } },
            count: records.count,
            stop: stop
        ) { Self.read(records[$0], leavingUnread: $1) }
    }

    private static func read(_ record: StaleRecord, leavingUnread: Bool) -> Event {
        // Same rule as when the page was parsed: a truncated record, or one with invalid text, is not
        // decoded.
        let isClean = !leavingUnread && (try? RecordSlicer.single(record.raw))?.isClean == true
        return RecordParser(kind: record.kind, date: record.fetched).event(
            of: record.raw[...],
            isClean: isClean
        )
    }
}
