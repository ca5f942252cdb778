/// What an alert is about, drawn from its number alone.
struct AlertTraits {
    let title: String
    let type: Int64
    let policyType: String
    let severity: Int64
    let resolution: Int64
    let person: Vocabulary.Person?
    let addresses: [String]
    let places: [Vocabulary.Place]
    let apps: [Vocabulary.App]
    let dice: Dice

    init(seed: UInt64, number: UInt32) {
        var dice = Dice(seed: seed, number: UInt64(number), purpose: 2)
        (title, type, policyType) = dice.pick(Vocabulary.alertKinds)
        severity = Int64(dice.below(4))
        resolution = dice.chance(0.8) ? 0 : Int64(1 + dice.below(5))
        person = dice.chance(0.1) ? nil : dice.pick(Vocabulary.people)
        addresses = (0..<dice.below(3)).map { _ in
            dice.chance(0.15)
                ? "2001:db8::\(hexadecimal(dice.next(), width: 4))" : "198.51.100.\(1 + dice.below(254))"
        }
        places = (0..<dice.below(3)).map { _ in dice.pick(Vocabulary.places) }
        apps = (0..<dice.below(3)).map { _ in
            dice.pick([Vocabulary.oneDrive, Vocabulary.exchange, Vocabulary.azure])
        }
        self.dice = dice
    }
}
