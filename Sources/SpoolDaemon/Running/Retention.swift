import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore

/// Deletes what is settled everywhere and old enough, in small slices, once a minute.
struct Retention: Sendable {
    static let interval = Duration.seconds(60)

    let spool: Spool
    let dates: SourceDates
    let time: Timekeeper
    let logger: Logger
    /// Given after something was deleted: fetching may go on.
    let pruned: Signal

    /// Runs until `stop` is asked for.
    func run(age: Duration, sweepFloors: [StreamID: Duration], stop: Stop) async throws(StoreError) {
        while !stop.isAsked {
            let stopping = Watch(stop.signal)
            await time.wait(Self.interval, or: stopping)
            if stop.isAsked { return }
            try await prune(age: age, sweepFloors: sweepFloors)
        }
    }

    private func prune(age: Duration, sweepFloors: [StreamID: Duration]) async throws(StoreError) {
        do throws(StoreError) {
            let result = try await spool.prune(
                now: dates.now(),
                age: age,
                lookBacks: sweepFloors,
                at: time.wall()
            )
            if result.events > 0 {
                logger.info("events deleted by retention", metadata: ["events": "\(result.events)"])
                pruned.notify()
            }
        } catch {
            guard error.kind == .full || error.kind == .busy else { throw error }
            logger.error("retention did not run", metadata: ["cause": "\(error)"])
        }
    }
}
