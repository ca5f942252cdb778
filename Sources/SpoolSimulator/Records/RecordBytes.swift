/// Makes a generated record's id and bytes again whenever they are asked for, from the seed and its number.
struct RecordBytes: Sendable {
    let seed: UInt64
    /// One activity in this many is 200 KB long; 0 for none.
    let largeEvery: UInt32

    private var numbers: RecordNumber { RecordNumber(seed: seed) }

    func id(_ stream: PortalStream, _ entry: RecordEntry) -> String {
        switch stream {
        case .activities: activityID(entry, ActivityTraits(seed: seed, number: entry.number))
        case .alerts: alertID(entry)
        }
    }

    func candidates(for id: String) -> [UInt32] {
        numbers.candidates(in: id)
    }

    func traits(_ stream: PortalStream, _ entry: RecordEntry) -> RecordTraits {
        switch stream {
        case .activities:
            let traits = ActivityTraits(seed: seed, number: entry.number)
            return RecordTraits(traits, id: activityID(entry, traits))
        case .alerts:
            return RecordTraits(AlertTraits(seed: seed, number: entry.number), id: alertID(entry))
        }
    }

    func write(_ stream: PortalStream, _ entry: RecordEntry, to writer: inout JSONWriter) {
        switch stream {
        case .activities:
            let traits = ActivityTraits(seed: seed, number: entry.number)
            let isLarge = largeEvery > 0 && entry.number % largeEvery == largeEvery - 1
            ActivityText(
                id: activityID(entry, traits),
                entry: entry,
                traits: traits,
                padding: isLarge ? 200_000 : 0
            ).write(to: &writer)
        case .alerts:
            let traits = AlertTraits(seed: seed, number: entry.number)
            AlertText(id: alertID(entry), entry: entry, traits: traits).write(to: &writer)
        }
    }

    private func activityID(_ entry: RecordEntry, _ traits: ActivityTraits) -> String {
        var dice = Dice(seed: seed, number: UInt64(entry.number), purpose: 3)
        let hidden = numbers.digits(entry.number)
        let tenant = Vocabulary.tenantNumber
        switch traits.kind {
        case .file, .mailCommand:
            return "\(tenant)_\(traits.app.id)_\(guid(&dice, hidden))"
        case .failedLogin, .login:
            let random = (0..<3).map { _ in hexadecimal(dice.next(), width: 16) }.joined()
            return "\(random)\(hexadecimal(dice.next(), width: 4))\(hidden)"
        case .serviceNow:
            return "\(entry.created)_\(guid(&dice, hidden))"
        case .directory:
            return "\(guid(&dice, hidden))_\(tenant)_\(entry.created)_\(traits.app.id)"
        case .oldAgent:
            return "\(tenant)_\(entry.created)_\(hexadecimal(dice.next(), width: 16))"
                + "\(hexadecimal(dice.next(), width: 4))\(hidden)"
        case .bare:
            let random = (0..<9).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
            return Base64URL.encode(random + numbers.bytes(entry.number))
        }
    }

    private func alertID(_ entry: RecordEntry) -> String {
        var dice = Dice(seed: seed, number: UInt64(entry.number), purpose: 4)
        let second = hexadecimal(UInt64(max(0, entry.created / 1000)), width: 8)
        return "\(second)\(hexadecimal(dice.next(), width: 4))\(numbers.digits(entry.number))"
    }
}

/// A GUID of version 4 that ends in the given twelve digits.
func guid(_ dice: inout Dice, _ last: String? = nil) -> String {
    let first = hexadecimal(dice.next(), width: 8)
    let second = hexadecimal(dice.next(), width: 4)
    let third = hexadecimal(dice.next(), width: 3)
    let fourth = hexadecimal(dice.next(), width: 3)
    return "\(first)-\(second)-4\(third)-8\(fourth)-\(last ?? hexadecimal(dice.next(), width: 12))"
}
