/// The content of an activity, derived from its number: enough for its id, for filters and for its text.
struct ActivityTraits {
    enum Kind {
        case file, failedLogin, login, mailCommand, serviceNow, directory, oldAgent, bare
    }

    let kind: Kind
    let app: Vocabulary.App
    let operation: String
    let category: String
    let person: Vocabulary.Person?
    let address: String?
    let place: Vocabulary.Place?
    let file: String
    let userAgent: String
    /// Randomness for the rest of the record's text.
    let dice: Dice

    init(seed: UInt64, number: UInt32) {
        var dice = Dice(seed: seed, number: UInt64(number), purpose: 1)
        kind = Self.kind(for: dice.below(100))
        let fileOperation = dice.pick(Vocabulary.fileOperations)
        switch kind {
        case .file:
            app = dice.pick([
                Vocabulary.oneDrive, Vocabulary.sharePoint, Vocabulary.google, Vocabulary.powerBI,
            ])
            (operation, category) = fileOperation
        case .failedLogin:
            app = dice.pick([Vocabulary.office, Vocabulary.azure])
            (operation, category) = ("OAuth2:Authorize", "EVENT_CATEGORY_FAILED_LOGIN")
        case .login:
            app = dice.pick([Vocabulary.office, Vocabulary.azure, Vocabulary.exchange])
            (operation, category) = ("Login:login", "EVENT_CATEGORY_LOGIN")
        case .mailCommand:
            app = Vocabulary.exchange
            (operation, category) = ("Set-Mailbox", "EVENT_CATEGORY_RUN_COMMAND")
        case .serviceNow:
            app = Vocabulary.serviceNow
            (operation, category) = ("Delete object", "EVENT_CATEGORY_DELETE_OBJECT")
        case .directory:
            app = Vocabulary.directory
            (operation, category) = ("SMB session", "EVENT_CATEGORY_LOGIN")
        case .oldAgent:
            app = Vocabulary.google
            (operation, category) = ("View report", "EVENT_CATEGORY_VIEW_REPORT")
        case .bare:
            app = Vocabulary.sharePoint
            (operation, category) = ("Upload file", "EVENT_CATEGORY_UPLOAD_FILE")
        }
        let isAnonymous = kind == .directory || kind == .bare || dice.chance(0.04)
        person = isAnonymous ? nil : dice.pick(Vocabulary.people)
        let hasAddress = kind != .mailCommand && kind != .serviceNow && kind != .bare
        address = hasAddress ? Self.address(&dice) : nil
        place = hasAddress ? dice.pick(Vocabulary.places) : nil
        file = dice.pick(Vocabulary.files)
        userAgent = dice.pick(Vocabulary.userAgents)
        self.dice = dice
    }

    private static func kind(for share: Int) -> Kind {
        switch share {
        case 0..<40: .file
        case 40..<60: .failedLogin
        case 60..<78: .login
        case 78..<88: .mailCommand
        case 88..<93: .serviceNow
        case 93..<96: .directory
        case 96..<98: .oldAgent
        default: .bare
        }
    }

    private static func address(_ dice: inout Dice) -> String {
        if dice.chance(0.08) {
            return "2001:db8:\(hexadecimal(dice.next(), width: 4))::\(hexadecimal(dice.next(), width: 4))"
        }
        let network = dice.pick(["192.0.2", "198.51.100", "203.0.113"])
        return "\(network).\(1 + dice.below(254))"
    }
}
