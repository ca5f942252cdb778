/// When records arrive: first a history, then a steady rate indefinitely, sometimes several in one
/// millisecond.
struct ArrivalPlan: Sendable {
    private var dice: Dice
    private var rate: Double
    private var origin: Double
    private var step: Double
    private var slot: Double = 0
    private var historyLeft: Int
    private let liveFrom: Int64
    private var last: Int64 = .min
    private var burstLeft = 0
    private var pending: Int64?

    /// Plans `count` records over the `window` before `startMs`, then `rate` records per second.
    init(seed: UInt64, startMs: Int64, history count: Int, window: Int64, rate: Double) {
        dice = Dice(seed: seed, purpose: 6)
        self.rate = rate
        liveFrom = startMs
        historyLeft = count
        if count > 0 {
            origin = Double(startMs - window)
            step = Double(window) / Double(count)
        } else {
            origin = Double(startMs)
            step = Self.step(forRate: rate)
        }
    }

    /// The time of the next record, if it is not after `now`.
    mutating func take(upTo now: Int64) -> Int64? {
        let next = pending ?? draw()
        guard let next, next <= now else {
            pending = next
            return nil
        }
        pending = nil
        return next
    }

    /// Continues with another rate from `now` on.
    mutating func setRate(_ rate: Double, now: Int64) {
        self.rate = rate
        guard historyLeft == 0 else { return }
        beginLive(at: now)
    }

    private mutating func draw() -> Int64? {
        guard step.isFinite else { return nil }
        let time = origin + (slot + Double(dice.below(1000)) / 1000) * step
        slot += 1
        if burstLeft > 0 {
            burstLeft -= 1
        } else {
            last = max(last, Int64(time))
            if dice.chance(0.05) { burstLeft = 1 + dice.below(5) }
        }
        if historyLeft > 0 {
            historyLeft -= 1
            if historyLeft == 0 {
                let drawn = last
                beginLive(at: liveFrom)
                return drawn
            }
        }
        return last
    }

    private mutating func beginLive(at time: Int64) {
        origin = Double(time)
        step = Self.step(forRate: rate)
        slot = 0
        burstLeft = 0
        pending = nil
    }

    private static func step(forRate rate: Double) -> Double {
        rate > 0 ? 1000 / rate : .infinity
    }
}

/// The delays of generated records: from occurring to being saved, and from being saved to being listed.
package struct Lateness: Sendable {
    /// The share of activities that occurred 26 hours before they were saved.
    package var dayLateActivities = 0.01
    /// The share of activities that lists show only minutes after their `created`.
    package var slowActivities = 0.005
    /// The longest time for which those are hidden.
    package var slowestActivity: Duration = .seconds(480)
    /// The share of alerts that appear 15 hours after their `timestamp`.
    package var lateAlerts = 0.05

    /// The delays seen in public samples, in about their proportions.
    package init() {}

    /// Every record appears immediately, and a few minutes after it occurred.
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

/// Reproducible randomness: the same seed, number and purpose always produce the same values.
///
/// SplitMix64 (Steele, Lea, Flood 2014): one multiplication chain per value, good enough for test data.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, number: UInt64 = 0, purpose: UInt64 = 0) {
        state = Dice.mix(seed ^ Dice.mix(number ^ Dice.mix(purpose &+ 0x9E37_79B9_7F4A_7C15)))
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Dice.mix(state)
    }

    /// A number from 0 up to, not including, `bound`.
    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    /// True with the given probability.
    mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < probability
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[below(choices.count)]
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
