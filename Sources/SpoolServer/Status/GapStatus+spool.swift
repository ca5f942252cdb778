import SpoolControl
import SpoolCore
import SpoolStore

extension GapStatus {
    /// The gaps of every stream, oldest first: open ones, those healed since `time`, times not proved to have
    /// been read, and losses of sinks.
    ///
    /// - Parameters:
    ///   - spool: the spool to read.
    ///   - streams: its streams.
    ///   - uncovered: times not proved to have been read, if already known; otherwise they are read, which is
    ///     slow for a long history.
    ///   - time: gaps that healed earlier are omitted.
    ///   - now: the end of open gaps.
    /// - Returns: gaps by stream, without streams that have none.
    /// - Throws: if the spool cannot be read.
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
            // A history with more gaps is for the view `gaps`, not for a screen.
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
