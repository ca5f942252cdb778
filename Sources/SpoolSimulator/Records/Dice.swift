/// Reproducible chance: the same seed, number and purpose always throw the same values.
///
/// SplitMix64 (Steele, Lea, Flood 2014): one multiplication chain a throw, good enough for test data.
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
