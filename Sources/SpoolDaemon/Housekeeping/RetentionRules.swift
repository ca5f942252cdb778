import SpoolCore
import SpoolStore

/// By what retention goes, as it is configured now.
struct RetentionRules: Sendable {
    /// `retention.age`.
    let age: Duration
    /// How far below `swept_to` the sweeps of each stream read again.
    let sweepsBack: [StreamID: Duration]

    /// What each stream's source has told, in retention's terms.
    func times(_ dates: [StreamID: Timestamp]) -> [StreamID: SourceTime] {
        Dictionary(
            uniqueKeysWithValues: dates.map {
                ($0, SourceTime(date: $1, sweepsBack: sweepsBack[$0] ?? .zero))
            }
        )
    }
}
