/// When records arrive: first a history, then at a steady rate for ever, now and then several in one millisecond.
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

    /// Plans `count` records over the `window` before `startMs`, then `rate` records a second.
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

    /// The time of the next record, if that is not after `now`.
    mutating func take(upTo now: Int64) -> Int64? {
        let next = pending ?? draw()
        guard let next, next <= now else {
            pending = next
            return nil
        }
        pending = nil
        return next
    }

    /// Goes on with another rate from `now` on.
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
