import SpoolControl
import SpoolCore
import SpoolStore

extension GapStatus {
    /// The gaps of every stream, oldest first: those that lie open, those healed since `time`, what is not proved.
    static func read(_ spool: Spool, healedSince time: Timestamp) async throws(StoreError)
        -> [StreamName: [GapStatus]]
    {
        var found: [StreamName: [GapStatus]] = [:]
        for gap in try await spool.coverage(healedSince: time) {
            var status = GapStatus(.unread, from: gap.from, to: gap.to)
            status.noticed = gap.noticed
            status.healed = gap.healed
            found[gap.stream, default: []].append(status)
        }
        for gap in try await spool.proofGaps() {
            var status = GapStatus(gap.sink == nil ? .unproved : .lost, from: gap.from, to: gap.to)
            status.sink = gap.sink?.text
            status.events = gap.events
            found[gap.stream, default: []].append(status)
        }
        return found.mapValues { $0.sorted { $0.from < $1.from } }
    }
}
