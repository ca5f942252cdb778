import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Reading of alerts")
struct AlertReadingTests {
    @Test("an alert has the content of the retired agent's line")
    func matchesGoldenLine() throws {
        let event = try Samples(.alert).event("596a7e36")
        let golden = try Samples.golden(10)

        #expect(event.kind == .alert)
        #expect(event.category == golden.header[4])
        #expect(event.action == golden.header[5])
        #expect(event.externalID == golden["externalId"])
        #expect(String(event.occurred.milliseconds) == golden["start"])
        #expect(event.created == event.occurred)
        #expect(event.message == golden["msg"])
        #expect(event.userName == golden["suser"])
        #expect(event.appName == golden["destinationServiceName"])
        #expect(event.appID == "10489")
        #expect(event.objects == golden["cs3"])
        #expect(event.policies == golden["cs4"])
        #expect(event.severity == 1)
        #expect(event.link == "https://tenant.portal.cloudappsecurity.com/#/alerts/596a7e360c204203a335a3fb")
    }

    @Test(
        "type, name, user, address and country of the samples",
        arguments: [
            ("5f06d71d", "ALERT_CABINET_EVENT_MATCH_FILE", "block png files", "sam@example.com", "", ""),
            (
                "60edead2", "ALERT_ANUBIS_DETECTION_VELOCITY", "Impossible travel", "alex@example.com",
                "192.0.2.4", "IL"
            ),
            ("60eda688", "ALERT_15795457", "Risky sign-in", "alex@example.com", "198.51.100.6", "NL"),
            ("603f704a", "ALERT_15795464", "Honeytoken activity", "user1@example.com", "", ""),
            ("67a1c2f0", "ALERT_15990784", "System alert: SIEM agent error", "", "", ""),
            (
                "67a172bb", "ALERT_CABINET_EVENT_MATCH_AUDIT", "Mass = download|all", "sam@example.com",
                "2001:db8:1::25", ""
            ),
        ]
    )
    func readsSamples(id: String, type: String, name: String, user: String, ip: String, country: String)
        throws
    {
        let event = try Samples(.alert).event(id)

        #expect(event.isReadable)
        #expect(event.category == type)
        #expect(event.action == name)
        #expect(event.userName == user)
        #expect(event.ip == ip)
        #expect(event.country == country)
    }

    @Test("several apps and several related activities are joined by commas, in the record's order")
    func joinsLists() throws {
        let samples = try Samples(.alert)

        #expect(try samples.event("60edead2").appID == "20893,11161,12260")
        #expect(
            try samples.event("60edead2").appName == "Microsoft Exchange Online,Office 365,Microsoft Azure"
        )
        #expect(
            try samples.event("67a172bb").objects
                == "99000001_15600_7b90c1aa-55aa-4d3e-9c7e-08dd44bea002,"
                + "99000001_20892_5a1e3c84-1f0b-4a57-8a36-08dd44be9001"
        )
    }

    @Test("a policy outside of the entities is used if they name none")
    func readsOldPolicy() {
        let event = read(
            #"{"_id":"a","timestamp":1,"title":"t","entities":[],"#
                + #""policy":{"id":"p","label":"old policy","type":"policyRule"}}"#
        )
        #expect(event.action == "old policy")
        #expect(event.policies == "p")
    }

    @Test(
        "a severity outside of the API's range is none",
        arguments: [
            ("0", 0), ("3", 3), ("\"2\"", 2), ("5", nil), ("-1", nil), ("null", nil), ("\"high\"", nil),
        ]
            as [(String, Int?)]
    )
    func readsSeverity(text: String, expected: Int?) {
        #expect(read(#"{"_id":"a","timestamp":1,"severityValue":\#(text)}"#).severity == expected)
    }

    @Test("entities of unknown types and shapes are ignored")
    func toleratesOddEntities() {
        let event = read(
            #"{"_id":"a","timestamp":1,"entities":[null,7,{"type":9},{"type":"new","id":{}},"#
                + #"{"type":"user","id":"u"},{"type":"ip","id":"192.0.2.1","triggeredAlert":"yes"}]}"#
        )
        #expect(event.isReadable)
        #expect(event.userName == "u")
        #expect(event.ip == "192.0.2.1")
        #expect(event.category == "ALERT_UNSPECIFIED")
    }

    private func read(_ json: String) -> Event {
        RecordParser(kind: .alert, date: Samples.date).event(of: Array(json.utf8)[...])
    }

    @Test(
        "user, address and app of Cloud Discovery are used if no usual entity has them",
        arguments: [
            ("", "sam@example.com", "198.51.100.9", "Dropbox", "11627"),
            (
                #"{"type":"account","em":"alex@example.com"},{"type":"ip","id":"192.0.2.1"},"#
                    + #"{"type":"service","id":10489,"label":"Box"},"#,
                "alex@example.com", "192.0.2.1", "Box", "10489"
            ), (#"{"type":"ip","id":"unknown"},"#, "sam@example.com", "198.51.100.9", "Dropbox", "11627"),
        ]
    )
    func discovery(usual: String, user: String, ip: String, app: String, appID: String) throws {
        let raw =
            #"{"_id":"a","timestamp":1,"entities":[\#(usual)"#
            + #"{"type":"discovery_user","id":"5f1","label":"sam@example.com"},"#
            + #"{"type":"discovery_ip","id":"9f2","label":"198.51.100.9:443"},"#
            + #"{"type":"discovery_service","id":11627,"label":"Dropbox"}]}"#
        let event = RecordParser(kind: .alert, date: Timestamp(milliseconds: 0)).event(
            of: Array(raw.utf8)[...]
        )

        #expect(event.userName == user)
        #expect(event.ip == ip)
        #expect(event.appName == app)
        #expect(event.appID == appID)
    }
}
