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
                // Keys that differ in nothing but case occur in real records.
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
            // Numbers are strings here and only here.
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
