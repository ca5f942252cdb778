import SpoolConfig
package import SpoolCore
import SpoolStore

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
