import Logging
import SpoolCore
import SpoolPipeline
import SpoolSources
import SpoolStore

/// Reads older records anew when the reading of records has changed, in slices, in the background.
///
/// It begins at the first event, and a later start does not look again once it has come to the end.
struct Derivation: Sendable {
    /// Between two slices, so that it never takes the disk from fetching and draining.
    static let pause = Duration.milliseconds(50)

    let spool: Spool
    let time: Timekeeper
    let logger: Logger

    /// Runs until everything is derived, or `stop` is asked for.
    func run(stop: Stop) async throws(StoreError) {
        guard try await spool.mayHaveStaleRecords() else { return }
        var place: Seq? = Seq(0)
        var count = 0
        while let from = place, !stop.isAsked {
            let (records, next) = try await spool.staleRecords(after: from)
            place = next
            guard !records.isEmpty else { continue }
            do throws(StoreError) {
                try await spool.derive(records.map { ($0.seq, Self.read($0)) })
                count += records.count
            } catch {
                guard error.kind == .full || error.kind == .busy else { throw error }
                place = from
            }
            await time.wait(Self.pause, or: Watch(stop))
        }
        if place == nil { try await spool.noStaleRecordsLeft() }
        if count > 0 { logger.notice("older records read anew", metadata: ["events": "\(count)"]) }
    }

    private static func read(_ record: StaleRecord) -> Event {
        RecordReading(kind: record.kind, date: record.fetched).event(of: record.raw[...], isClean: true)
    }
}
