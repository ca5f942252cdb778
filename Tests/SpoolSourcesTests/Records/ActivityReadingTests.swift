import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Reading of activities")
struct ActivityReadingTests {
    @Test(
        "a record has the content of the retired agent's line",
        arguments: [("99000001_20893_0c18", 9), ("1511373015679_167a", 3), ("1511897141625_7558", 5)]
    )
    func matchesGoldenLine(id: String, line: Int) throws {
        let event = try Samples(.activity).event(id)
        let golden = try Samples.golden(line)

        #expect(event.isReadable)
        #expect(event.kind == .activity)
        #expect(event.category == golden.header[4])
        #expect(event.action == golden.header[5])
        #expect(event.externalID == golden["externalId"])
        #expect(String(event.occurred.milliseconds) == golden["start"])
        #expect(event.message == golden["msg"])
        #expect(event.userName == golden["suser"])
        #expect(event.appName == golden["destinationServiceName"])
        #expect(event.ip == golden["dvc"])
        #expect(event.userAgent == golden["requestClientApplication"])
        #expect(event.objects == golden["cs3"])
        #expect(event.policies == golden["cs4"])
        #expect(event.severity == nil)
    }

    @Test("every sample is readable and keeps its id, app number, country and times")
    func readsAllSamples() throws {
        let samples = try Samples(.activity)

        #expect(samples.events.count == 14)
        #expect(samples.events.allSatisfy { $0.isReadable })
        let first = try samples.event("99000001_15600_97ee")
        #expect(first.appID == "15600")
        #expect(first.country == "IL")
        #expect(first.ip == "192.0.2.8")
        #expect(first.occurred.milliseconds == 1_595_096_313_000)
        #expect(first.created.milliseconds == 1_595_096_586_840)
        #expect(first.userAgent == "OneDriveMpc-Transform_Thumbnail/1.0")
        #expect(try samples.event("99000001_15600_7b90").ip == "2001:db8:1::25")
        #expect(try samples.event("99000001_15600_7b90").objects == "résumé 日本.docx,Sam Sample,Sam Sample")
        #expect(try samples.event("AVv8zNoje").objects.isEmpty)
    }

    @Test(
        "the activity's name is the portal's",
        arguments: [
            ("99000001_15600_97ee", "Unspecified"), ("710e5ae7", "Failed log on"),
            ("4b23b9da", "Failed log on"), ("99000001_20893_0c18", "Run command"),
            ("99000001_20892_5a1e", "Upload file"), ("99000001_15600_7b90", "Download file"),
            ("1511373015679", "Log out"), ("7d2e31d9", "Run command"), ("99000001_26324", "View report"),
            ("e3b0c442", "Log on"), ("AVv8zNoje", "Upload file"),
        ]
    )
    func namesSamples(id: String, name: String) throws {
        #expect(try Samples(.activity).event(id).action == name)
    }

    @Test(
        "the name follows the rule: text before the colon, category's text, readable constant",
        arguments: [
            ("EVENT_CATEGORY_UPDATE_SERVICE_PRINCIPAL", "", "", "", "Update service principal"),
            ("EVENT_CATEGORY_SYNC_FILE_UPLOAD", "", "", "", "Sync file upload"),
            (
                "EVENT_CATEGORY_RUN_COMMAND", "Run command (impersonated): task x", ": ", "",
                "Run command (impersonated)"
            ),
            ("EVENT_CATEGORY_LOGIN", "Log on (impersonated) somewhere", "", "", "Log on (impersonated)"),
            ("EVENT_CATEGORY_X", "no mark in it", ": ", "", "X"),
            ("EVENT_CATEGORY_X", ": begins so", ": ", "", "X"),
            ("EVENT_CATEGORY_X", "First: second: third", ": ", "Other", "First"),
            ("EVENT_CATEGORY_X", "First - second", " - ", "Named", "Named"),
            ("EVENT_CATEGORY_", "", "", "", "EVENT_CATEGORY_"),
            ("SOMETHING_ELSE", "", "", "", "SOMETHING_ELSE"),
        ]
    )
    func followsRule(
        category: String,
        description: String,
        colon: String,
        eventCategory: String,
        name: String
    ) {
        let found = ActivityName.name(
            category: category,
            description: description,
            colon: colon,
            eventCategory: eventCategory
        )
        #expect(found == name)
    }

    @Test(
        "unexpected values of unimportant fields affect only those fields, not the record",
        arguments: [
            (#""user":null,"device":[],"location":7,"mainInfo":"x","description_metadata":1"#, "", ""),
            (#""user":{"userName":{"odd":1}},"device":{"clientIP":null}"#, "", ""),
            (#""user":{"userName":42},"device":{"clientIP":1.5}"#, "42", ""),
            (#""user":{"userName":true},"device":{"clientIP":false}"#, "true", ""),
            (#""user":{"userName":"a"},"appId":{},"appName":[]"#, "a", ""),
        ]
    )
    func toleratesOddFields(fields: String, user: String, ip: String) {
        let event = read(#"{"_id":"x1","timestamp":1,"created":2,\#(fields)}"#)

        #expect(event.isReadable)
        #expect(event.externalID == "x1")
        #expect(event.userName == user)
        #expect(event.ip == ip)
    }

    @Test("times are parsed from numbers, texts and fractions of zero")
    func toleratesOddTimes() {
        let event = read(#"{"_id":"x","timestamp":"1595096313000","created":1.59509658684e12}"#)

        #expect(event.isReadable)
        #expect(event.occurred.milliseconds == 1_595_096_313_000)
        #expect(event.created.milliseconds == 1_595_096_586_840)
    }

    @Test("a record with only one of its two times uses it for both")
    func fillsMissingTime() {
        #expect(read(#"{"_id":"x","timestamp":5}"#).created.milliseconds == 5)
        #expect(read(#"{"_id":"x","created":6,"timestamp":null}"#).occurred.milliseconds == 6)
    }

    @Test("objects without a name are kept as empty items, and duplicates are kept")
    func keepsEmptyObjects() {
        let event = read(
            #"{"_id":"x","created":1,"mainInfo":{"eventObjects":"#
                + #"[{},null,{"name":"a,b"},7,{"name":5},{"name":"a,b"}]}}"#
        )
        #expect(event.objects == ",,a,b,,5,a,b")
    }

    @Test("keys that differ only in case are different keys")
    func readsCaseSensitively() {
        let event = read(#"{"_ID":"no","_id":"yes","created":1,"Description":"no","description":"yes"}"#)
        #expect(event.externalID == "yes")
        #expect(event.message == "yes")
    }

    @Test("a lone surrogate in an escape becomes the replacement character, and the rest stays readable")
    func replacesLoneSurrogates() {
        let event = read(
            #"{"_id":"x","created":1,"description":"a\ud83d b\udE00 c\ud83d\ude00 d\\ud83d e\ud83d"}"#
        )
        #expect(event.isReadable)
        #expect(event.message == "a\u{FFFD} b\u{FFFD} c\u{1F600} d\\ud83d e\u{FFFD}")
    }

    private func read(_ json: String) -> Event {
        RecordParser(kind: .activity, date: Samples.date).event(of: Array(json.utf8)[...])
    }
}
