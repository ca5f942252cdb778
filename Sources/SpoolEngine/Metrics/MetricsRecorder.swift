package import SpoolCore
import SpoolPipeline
package import SpoolStore
import Synchronization

/// Records the daemon's measurements: event latency, coverage gaps, and one sample per minute.
///
/// Histograms start empty with the process, as Prometheus expects. Everything is read in short slices, so
/// that no HTTP response waits for more than a few rows.
package final class MetricsRecorder: Sendable {
    /// The current measurements.
    package struct Reading: Sendable, Equatable {
        /// Latency from the source into the spool, by stream.
        package var fetched: [StreamID: LagHistogram] = [:]
        /// Latency from the spool to the sink, by sink.
        package var settled: [SinkID: LagHistogram] = [:]
        /// Times that are not proved to have been read, by stream.
        package var gaps: [StreamID: [UncoveredTime]] = [:]

        package init() {}
    }

    /// The minimum pause between two measurements of coverage.
    static let coverageInterval = Duration.seconds(60)
    /// Measuring coverage may take at most one part in this many of the time.
    static let coverageShare = 50

    /// When the process started.
    package let started: Timestamp
    private let startedAt: Duration
    private let spool: Spool
    private let time: Clocks
    private let state = Mutex(State())

    private struct State {
        var reading = Reading()
        var position: LagPosition?
        var sampled: Timestamp?
        var nextCoverage = Duration.zero
    }

    init(spool: Spool, time: Clocks) {
        self.spool = spool
        self.time = time
        started = time.wall()
        startedAt = time.elapsed()
    }

    package var reading: Reading { state.withLock { $0.reading } }

    /// The time since the start.
    var age: Duration { time.elapsed() - startedAt }

    /// Measures what is new; called every few seconds by a single caller, with the local time to which stored
    /// times have been adjusted.
    func look(at now: Timestamp) async throws(StoreError) {
        try await measureLags()
        if time.elapsed() >= state.withLock({ $0.nextCoverage }) { try await measureCoverage() }
        if state.withLock({ $0.sampled.map(Self.minute) }) != Self.minute(now) { try await sample(at: now) }
    }

    /// Writes a sample before anything is fetched or sent, so that the first events after a start are counted
    /// for the day; skipped if the disk is full.
    func begin() async throws(StoreError) { try await sampleIfThereIsRoom() }

    /// Writes the last sample on shutdown; skipped if the disk is full.
    func end() async throws(StoreError) { try await sampleIfThereIsRoom() }

    private func sampleIfThereIsRoom() async throws(StoreError) {
        do throws(StoreError) {
            try await sample(at: time.wall())
        } catch {
            guard error.kind == .full || error.kind == .busy else { throw error }
        }
    }

    private func sample(at now: Timestamp) async throws(StoreError) {
        try await spool.sample(at: now)
        state.withLock { $0.sampled = now }
    }

    private func measureLags() async throws(StoreError) {
        guard var position = state.withLock({ $0.position }) else {
            let position = try await spool.lagPosition()
            return state.withLock { $0.position = position }
        }
        var isCut = true
        while isCut {
            let slice = try await spool.lags(after: position)
            (position, isCut) = (slice.next, slice.isCut)
            state.withLock { state in
                state.position = slice.next
                for (id, lags) in slice.streams {
                    state.reading.fetched[id, default: LagHistogram()].add(lags)
                }
                for (id, lags) in slice.sinks {
                    state.reading.settled[id, default: LagHistogram()].add(lags)
                }
            }
        }
    }

    private func measureCoverage() async throws(StoreError) {
        let began = time.elapsed()
        var gaps: [StreamID: [UncoveredTime]] = [:]
        for stream in try await spool.status().streams where stream.isConfigured {
            gaps[stream.id] = try await spool.uncovered(of: stream.id)
        }
        let (found, ended) = (gaps, time.elapsed())
        state.withLock { state in
            state.reading.gaps = found
            state.nextCoverage = ended + max(Self.coverageInterval, (ended - began) * Self.coverageShare)
        }
    }

    private static func minute(_ time: Timestamp) -> Int64 { time.milliseconds / 60_000 }
}
