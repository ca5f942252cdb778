/// Writes an alert's JSON, with the fields and peculiarities of real ones.
struct AlertText {
    let id: String
    let entry: RecordEntry
    let traits: AlertTraits

    private static let policyID = "5f01dce13de79160fbec4150"

    func write(to writer: inout JSONWriter) {
        writer.object { record in
            record.plain("_id", id)
            record.plain("contextId", Vocabulary.entraTenant)
            record.text("description", description)
            record.array("entities") { writeEntities(to: &$0) }
            record.number("idValue", traits.type)
            record.flag("isSystemAlert", false)
            record.number("resolutionStatusValue", traits.resolution)
            record.number("severityValue", traits.severity)
            record.raw("statusValue", "0")
            record.raw("stories", "[0]")
            record.raw("threatScore", "19")
            record.number("timestamp", entry.timestamp)
            record.text("title", traits.title)
            record.raw("comment", "null")
            record.raw("handledByUser", "null")
            if traits.resolution == 0 {
                record.raw("resolveTime", "null")
            } else {
                record.plain("resolveTime", CalendarText(milliseconds: entry.created + 60_000).iso)
            }
            record.plain("URL", "https://tenant.portal.cloudappsecurity.com/#/alerts/\(id)")
            record.raw("evidence", "[{\"title\":{\"template\":\"ALERTS_MITRE_TACTIC\",\"parameters\":{}}}]")
            record.raw("intent", "[2]")
            record.flag("isPreview", false)
            record.raw("threatScoreReasoning", "[]")
        }
    }

    private var description: String {
        let user = traits.person.map { "\($0.name) (\($0.account))" } ?? "an unknown user"
        return "<p>Policy '\(traits.title)' was matched by \(user).<br>It may be worth a look.</p>"
    }

    private func writeEntities(to entities: inout JSONWriter) {
        entities.object { policy in
            policy.plain("id", Self.policyID)
            policy.text("label", traits.title)
            policy.raw("type", "\"policyRule\"")
            policy.plain("policyType", traits.policyType)
        }
        if let person = traits.person {
            entities.object { account in
                account.raw("id", "\"aaaaaaaa-0000-4000-8000-000000000001\"")
                account.text("label", person.name)
                account.raw("type", "\"account\"")
                account.raw("entityType", "2")
                account.raw("inst", "0")
                account.text("pa", person.account)
                account.raw("saas", "11161")
                account.text("em", person.account)
            }
            writeEntity("user", person.account, to: &entities)
        }
        for place in traits.places { writeEntity("country", place.country, to: &entities) }
        for address in traits.addresses { writeEntity("ip", address, to: &entities) }
        for app in traits.apps {
            entities.object { service in
                service.number("id", app.id)
                service.plain("label", app.name)
                service.raw("type", "\"service\"")
            }
        }
    }

    private func writeEntity(_ type: String, _ value: String, to entities: inout JSONWriter) {
        entities.object { entity in
            entity.text("id", value)
            entity.text("label", value)
            entity.plain("type", type)
        }
    }
}

/// The content of an alert, derived from its number.
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
