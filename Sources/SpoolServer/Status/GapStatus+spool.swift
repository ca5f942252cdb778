import SpoolControl
import SpoolCore
import SpoolStore

extension GapStatus {
    /// The gaps of every stream, oldest first: those that lie open, those healed since `time`, what is not proved to be
    /// read, and what sinks have lost.
    ///
    /// - Parameters:
    ///   - spool: where they are read.
    ///   - streams: the streams it has.
    ///   - uncovered: what is not proved to be read, where that is known already; otherwise it is read, which takes a
    ///     while for a long history.
    ///   - time: gaps that have healed before are left out.
    ///   - now: the end of those that lie open.
    /// - Returns: gaps by stream, those of streams that have none left out.
    /// - Throws: what keeps the spool from being read.
    static func read(
        _ spool: Spool,
        _ streams: [SpoolStatus.Stream],
        uncovered: [StreamID: [UncoveredTime]]?,
        healedSince time: Timestamp,
        at now: Timestamp
    ) async throws(StoreError) -> [StreamName: [GapStatus]] {
        var found: [StreamName: [GapStatus]] = [:]
        for gap in try await spool.coverage(healedSince: time, at: now) {
            var status = GapStatus(.unread, from: gap.from, to: gap.to)
            status.noticed = gap.noticed
            status.healed = gap.healed
            found[gap.stream, default: []].append(status)
        }
        for stream in streams where stream.isConfigured {
            var gaps: [UncoveredTime]
            if let uncovered {
                gaps = uncovered[stream.id] ?? []
            } else {
                gaps = try await spool.uncovered(of: stream.id)
            }
            // A history full of holes is for the view, not for a screen.
            gaps = Array(gaps.prefix(100))
            found[stream.name, default: []] += gaps.map { GapStatus(.unproved, from: $0.from, to: $0.to) }
        }
        for loss in try await spool.losses() {
            var status = GapStatus(.lost, from: loss.from, to: loss.to)
            status.sink = loss.sink.text
            status.events = loss.events
            found[loss.stream, default: []].append(status)
        }
        return found.mapValues { $0.sorted { $0.from < $1.from } }
    }
}
