/// Writes an activity's JSON, with the fields and the oddities of real ones.
struct ActivityText {
    let id: String
    let entry: RecordEntry
    let traits: ActivityTraits
    /// Length of an extra parameter that makes a record large.
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
            {"family":"CHROME","name":"Chrome","operatingSystem":{"name":"Windows 10","family":"Windows","version":"10"},\
            "type":"Browser","typeName":"Browser","version":"91.0","major":"91","minor":"0","deviceType":"DESKTOP",\
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
                    // ServiceNow names its objects by nothing but an id.
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
