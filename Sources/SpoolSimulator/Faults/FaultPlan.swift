/// The rules in force; for each request the first that strikes is taken.
struct FaultPlan: Sendable {
    private(set) var rules: [FaultRule]
    private var dice: Dice

    init(_ rules: [FaultRule], seed: UInt64) {
        self.rules = rules
        dice = Dice(seed: seed, purpose: 9)
    }

    mutating func add(_ rule: FaultRule) {
        rules.append(rule)
    }

    mutating func clear() {
        rules = []
    }

    /// The fault that befalls this request, if any.
    mutating func strike(_ target: RequestTarget, isList: Bool) -> Fault? {
        for index in rules.indices {
            let rule = rules[index]
            guard rule.targets.contains(target), isList || !rule.fault.concernsPages else { continue }
            switch rule.occurrence {
            case .always:
                return rule.fault
            case .next(let count):
                if count <= 1 {
                    rules.remove(at: index)
                } else {
                    rules[index].occurrence = .next(count - 1)
                }
                return rule.fault
            case .probability(let probability):
                if dice.chance(probability) { return rule.fault }
            }
        }
        return nil
    }
}
