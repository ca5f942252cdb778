/// Writes an activity's JSON, with the fields and peculiarities of real ones.
struct ActivityText {
    let id: String
    let entry: RecordEntry
    let traits: ActivityTraits
    /// The length of an extra parameter that makes a record large.
    let padding: Int

    func write(to writer: inout JSONWriter) {
        writer.object { record in
            record.plain("_id", id)
            writeTimes(to: &record)
            guard traits.kind != .bare else { return }
            writeOrigin(to: &record)
            writeClient(to: &record)
            writeMainInfo(to: &record)
            writeRawData(to: &record)
            writeActor(to: &record)
            writeDescription(to: &record)
        }
    }

    private func writeTimes(to record: inout JSONWriter) {
        record.number("timestamp", entry.timestamp)
        guard traits.kind != .bare else {
            // The oldest connectors sent little more than this.
            record.number("created", entry.created)
            record.text("description", "Upload file: \(traits.file)")
            return
        }
        let taken = max(entry.timestamp, entry.created - 1500)
        record.number("timestampRaw", entry.timestamp)
        record.number("instantiation", taken)
        record.number("instantiationRaw", taken)
        record.number("created", entry.created)
        record.number("createdRaw", entry.created)
    }

    private func writeOrigin(to record: inout JSONWriter) {
        record.raw("tenantId", "99000001")
        record.plain("aadTenantId", Vocabulary.entraTenant)
        record.number("appId", traits.app.id)
        record.number("saasId", traits.app.id)
        record.raw("eventType", "233580")
        record.plain("eventTypeValue", eventTypeValue)
        record.object("eventRouting") { routing in
            routing.flag("scubaUnpacker", false)
            routing.flag("lograbber", true)
            routing.flag("auditing", true)
        }
        record.raw("confidenceLevel", "20")
        record.raw("source", "2")
        record.raw("srcAppId", "11161")
    }

    private var eventTypeValue: String {
        switch traits.kind {
        case .failedLogin: "EVENT_AAD_LOGIN_FAILED"
        case .login: "EVENT_AAD_LOGIN"
        case .file: "EVENT_O365_ONEDRIVE_GENERIC"
        default: "EVENT_GENERIC"
        }
    }

    private func writeClient(to record: inout JSONWriter) {
        record.object("device") { device in
            if let address = traits.address { device.plain("clientIP", address) }
            device.text("userAgent", traits.userAgent)
            if let place = traits.place { device.plain("countryCode", place.country) }
        }
        if let place = traits.place {
            record.object("location") { location in
                location.plain("countryCode", place.country)
                location.text("city", place.city)
                location.raw("longitude", "4.94019")
                location.raw("latitude", "52.30905")
                location.text("organizationSearchable", place.provider)
                location.flag("anonymousProxy", false)
                location.flag("isSatelliteProvider", false)
                location.raw("category", "0")
                location.raw("categoryValue", "\"NONE\"")
                location.text("carrier", place.provider)
            }
        }
        record.object("user") { user in
            if let person = traits.person { user.text("userName", person.account) }
            user.raw("userTags", "[\"5f01dbbc68df27c17aa6ca81\"]")
        }
        record.raw(
            "userAgent",
            """
            {"family":"CHROME","name":"Chrome",\
            "operatingSystem":{"name":"Windows 10","family":"Windows","version":"10"},\
            "type":"Browser","typeName":"Browser","version":"91.0","major":"91","minor":"0",\
            "deviceType":"DESKTOP",\
            "nativeBrowser":false,"tags":["000000000000000000000000"],"os":"windows","browser":"CHROME"}
            """
        )
        if let address = traits.address {
            record.object("internals") { internals in
                internals.array("otherIPs") { $0.plain(nil, address) }
            }
        }
    }

    private func writeMainInfo(to record: inout JSONWriter) {
        record.object("mainInfo") { info in
            if traits.kind == .failedLogin {
                info.raw("activityResult", "{\"isSuccess\":false,\"message\":\"General failure\"}")
            }
            info.array("eventObjects") { objects in
                objects.object { object in
                    object.raw("objType", "1")
                    object.raw("role", "3")
                    object.raw("tags", "[]")
                    // ServiceNow identifies its objects only by an id.
                    if traits.kind != .serviceNow { object.text("name", traits.file) }
                    object.raw("id", "\"cac4b654-5fcf-44f0-818e-479cf8ae42ac\"")
                    object.raw("serviceObjectType", "\"OneDrive Site Collection\"")
                }
                if padding > 0 { writePadding(to: &objects) }
                if let person = traits.person { writeAccount(person, to: &objects) }
            }
            info.text("rawOperationName", traits.operation)
            info.text("prettyOperationName", traits.operation)
            info.plain("type", traits.kind == .failedLogin ? "failedLogin" : "basic")
        }
    }

    private func writePadding(to objects: inout JSONWriter) {
        objects.object { object in
            object.raw("objType", "7")
            object.raw("role", "3")
            object.raw("tags", "[]")
            object.raw("name", "\"Query\"")
            object.plain("value", String(repeating: "abcdefgh", count: padding / 8))
        }
    }

    private func writeAccount(_ person: Vocabulary.Person, to objects: inout JSONWriter) {
        objects.object { object in
            object.raw("objType", "21")
            object.raw("role", "4")
            object.raw("tags", "[]")
            object.text("name", person.name)
            object.raw("instanceId", "0")
            object.flag("resolved", true)
            object.raw("saasId", "11161")
            object.text("id", person.account)
            object.raw("link", "-162371649")
        }
    }
}

extension ActivityText {
    func writeRawData(to record: inout JSONWriter) {
        var dice = traits.dice
        record.raw("lograbberService", "{\"o365EventGrabber\":true,\"gediEvent\":true}")
        record.object("rawDataJson") { raw in
            raw.plain("OrganizationId", Vocabulary.entraTenant)
            raw.plain("CreationTime", CalendarText(milliseconds: entry.timestamp).iso)
            raw.raw("RecordType", "6")
            raw.text("Operation", traits.operation)
            raw.raw("UserType", "0")
            raw.plain("Workload", "OneDrive")
            if let address = traits.address { raw.plain("ClientIP", address) }
            raw.raw("Version", "1")
            raw.text("ObjectId", "https://example-my.sharepoint.com/personal/shared/Documents/\(traits.file)")
            raw.plain("CorrelationId", guid(&dice))
            raw.text("UserAgent", traits.userAgent)
            raw.raw("SourceRelativeUrl", "\"Documents\"")
            raw.text("SourceFileName", traits.file)
            raw.plain("ApplicationId", guid(&dice))
            raw.plain("WebId", guid(&dice))
            raw.raw("DeviceTrustType", "null")
            if traits.kind == .directory {
                // Keys that differ only in case occur in real records.
                raw.raw("Level", "4")
                raw.raw("level", "\"Informational\"")
                raw.raw("EventName", "\"SessionStart\"")
                raw.raw("eventName", "\"sessionStart\"")
            }
        }
    }

    func writeActor(to record: inout JSONWriter) {
        guard let person = traits.person else {
            record.raw("entityData", "{\"0\":null,\"1\":null,\"2\":null}")
            return
        }
        record.object("resolvedActor") { actor in
            actor.raw("id", "\"aaaaaaaa-0000-4000-8000-000000000001\"")
            // Only here numbers are strings.
            actor.raw("saasId", "\"11161\"")
            actor.raw("instanceId", "\"0\"")
            actor.raw("tags", "[\"5f01dbbc68df27c17aa6ca81\"]")
            actor.raw("objType", "\"23\"")
            actor.text("name", person.name)
            actor.raw("role", "\"4\"")
            actor.flag("resolved", true)
        }
        record.object("entityData") { data in
            data.object("0") { entity in
                entity.text("displayName", person.name)
                entity.object("id") { id in
                    id.text("id", person.account)
                    id.raw("saas", "11161")
                    id.raw("inst", "0")
                }
                entity.flag("resolved", true)
            }
            data.raw("1", "null")
        }
    }

    func writeDescription(to record: inout JSONWriter) {
        record.plain("uid", id)
        record.plain("appName", traits.app.name)
        record.plain("eventTypeName", traits.category)
        record.raw("classifications", "[]")
        record.raw("description_id", "\"EVENT_DESCRIPTION_BASIC_EVENT\"")
        record.object("description_metadata") { metadata in
            metadata.text("target_object", traits.file)
            metadata.text("operation_name", traits.operation)
            metadata.raw("colon", "\": \"")
            metadata.raw("dash", "\"\"")
        }
        record.text("description", "\(traits.operation): \(traits.file)")
        record.plain(
            "genericEventType",
            traits.kind == .failedLogin
                ? "ENUM_ACTIVITY_GENERIC_TYPE_FAILED_LOGIN" : "ENUM_ACTIVITY_GENERIC_TYPE_BASIC"
        )
        record.raw("severity", "\"INFO\"")
    }
}

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
