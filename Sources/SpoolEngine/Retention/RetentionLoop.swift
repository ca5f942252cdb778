import Logging
import SpoolConfig
package import SpoolCore
import SpoolPipeline
import SpoolStore

/// Deletes events that are settled at every sink and old enough, in small slices: once per minute, and every
/// few seconds while fetching is paused for lack of space.
struct RetentionLoop: Sendable {
    static let interval = Duration.seconds(60)
    /// How often it checks whether fetching is paused.
    static let look = Duration.seconds(2)
    /// How often it requests the proof that events may be deleted, while fetching is paused.
    static let proofInterval = Duration.seconds(15)

    let spool: Spool
    let dates: SourceDates
    let time: Clocks
    let logger: Logger
    /// Notified after events were deleted: fetching may resume.
    let pruned: ChangeSignal
    /// Requests proof that receivers have read their events: unproved events are kept and may block fetching.
    let proofs: ProofSignals

    /// Runs until `stop` is requested.
    ///
    /// - Parameters:
    ///   - age: `retention.age`.
    ///   - sweepsBack: how far below `swept_to` the sweeps of each stream read again.
    ///   - stop: the request to stop.
    /// - Throws: errors that make the spool unusable.
    func run(age: Duration, sweepsBack: [StreamID: Duration], stop: ShutdownRequest) async throws(StoreError)
    {
        var last = time.elapsed()
        var stepped: Duration?
        var said: StoreError?
        var asked: Duration?
        var steps = ClockSteps()
        _ = steps.look(wall: time.wall(), elapsed: time.elapsed())
        while !stop.isAsked {
            await time.wait(Self.look, or: SeenVersion(stop))
            if stop.isAsked { return }
            // After a clock step, `NotificationLoop` must first correct the times by which paused replays
            // expire.
            let (wall, elapsed) = (time.wall(), time.elapsed())
            if steps.look(wall: wall, elapsed: elapsed) != nil { stepped = elapsed }
            if let stepped, elapsed - stepped < Self.interval { continue }
            guard spool.pause != nil || elapsed - last >= Self.interval else { continue }
            last = elapsed
            let trouble = try await prune(age: age, at: wall, sweepsBack: sweepsBack, stop)
            if let trouble, trouble != said {
                logger.error("retention did not run", metadata: ["cause": "\(trouble)"])
            }
            said = trouble
            guard spool.pause != nil else { continue }
            if let asked, time.elapsed() - asked < Self.proofInterval { continue }
            asked = time.elapsed()
            proofs.wanted.notify()
        }
    }

    /// - Returns: the temporary error that prevented it from running, if any.
    private func prune(
        age: Duration,
        at wall: Timestamp,
        sweepsBack: [StreamID: Duration],
        _ stop: ShutdownRequest
    )
        async throws(StoreError) -> StoreError?
    {
        var now: [StreamID: SourceTime] = [:]
        for (stream, date) in dates.now() {
            now[stream] = SourceTime(date: date, sweepsBack: sweepsBack[stream] ?? .zero)
        }
        do throws(StoreError) {
            let report = try await spool.prune(now: now, at: wall, age: age) { stop.isAsked }
            if report.events > 0 {
                logger.info("events deleted by retention", metadata: ["events": "\(report.events)"])
                pruned.notify()
            }
            if report.lost > 0 {
                logger.warning(
                    "events deleted before an unconfigured sink received them",
                    metadata: ["events": "\(report.lost)"]
                )
            }
        } catch {
            guard error.kind == .full || error.kind == .busy else { throw error }
            return error
        }
        return nil
    }
}

/// The retention rules of the current configuration.
package struct RetentionRules: Sendable {
    /// `retention.age`.
    let age: Duration
    /// How far below `swept_to` the sweeps of each stream read again.
    let sweepsBack: [StreamID: Duration]

    /// Converts each stream's source time into retention's input.
    func times(_ dates: [StreamID: Timestamp]) -> [StreamID: SourceTime] {
        Dictionary(
            uniqueKeysWithValues: dates.map {
                ($0, SourceTime(date: $1, sweepsBack: sweepsBack[$0] ?? .zero))
            }
        )
    }
}

extension RetentionRules {
    /// The rules of a configuration.
    package init(_ composition: Composition, _ registration: Registration) {
        age = composition.spool.retentionAge
        sweepsBack = composition.sources.flatMap(\.content.streams).reduce(into: [:]) {
            guard let id = registration.streams[$1.name] else { return }
            $0[id] = $1.sweepsBack ? $1.lookBack : .zero
        }
    }
}
