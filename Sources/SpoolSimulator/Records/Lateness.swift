/// How late generated records are: by how much they were saved after they happened, and shown after they were saved.
package struct Lateness: Sendable {
    /// Share of activities that happened 26 hours before they were saved.
    package var dayLateActivities = 0.01
    /// Share of activities that lists show only minutes after their `created`.
    package var slowActivities = 0.005
    /// The longest that those stay hidden.
    package var slowestActivity: Duration = .seconds(480)
    /// Share of alerts that appear 15 hours after their `timestamp`.
    package var lateAlerts = 0.05

    /// The delays seen in public samples, in about their proportions.
    package init() {}

    /// Every record appears at once and a few minutes after it happened.
    package static var none: Lateness {
        var lateness = Lateness()
        lateness.dayLateActivities = 0
        lateness.slowActivities = 0
        lateness.lateAlerts = 0
        return lateness
    }

    func entry(_ stream: PortalStream, seed: UInt64, number: UInt32, created: Int64) -> RecordEntry {
        var dice = Dice(seed: seed, number: UInt64(number), purpose: 7)
        let usual = 2000 + Int64(dice.below(338_000))
        let lag: Int64
        var hidden: Int64 = 0
        switch stream {
        case .activities:
            lag = dice.chance(dayLateActivities) ? 26 * 3_600_000 : usual
            if dice.chance(slowActivities) {
                hidden = 60_000 + Int64(dice.below(max(1, Int(milliseconds(slowestActivity)) - 60_000)))
            }
        case .alerts:
            lag = dice.chance(lateAlerts) ? 15 * 3_600_000 + usual : usual
        }
        return RecordEntry(
            created: created,
            timestamp: created - lag,
            visibleAt: created + hidden,
            number: number
        )
    }
}
