import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Reading of addresses and app ids")
struct ClientAddressTests {
    static let forms: [(String, String)] = [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8::7", "2001:db8::7"), ("2001:DB8:0::7", "2001:DB8:0::7"),
        ("203.0.113.7:54321", "203.0.113.7"), ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"), ("[192.0.2.1]", "192.0.2.1"), ("[192.0.2.1]:1", "192.0.2.1"),
        ("2001:db8::7%12", "2001:db8::7"), ("[fe80::1%eth0]:443", "fe80::1"),
        ("192.0.2.1, 198.51.100.2", "192.0.2.1"), ("unknown, 198.51.100.2:80", "198.51.100.2"),
        ("192.0.2.1;198.51.100.2", "192.0.2.1"), (" 192.0.2.1", "192.0.2.1"), ("192.0.2.1\t\n", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"), ("::1", "::1"),
        ("unknown", ""), ("", ""), ("-", ""), ("null", ""), ("host.example:443", ""), ("192.0.2", ""),
        ("192.0.2.256", ""), ("192.0.2.1/24", ""), ("192.0.2.1:", ""), ("192.0.2.1:http", ""),
        ("192.0.2.1:123456", ""), ("[192.0.2.1", ""), ("[192.0.2.1]x", ""), ("[]", ""), ("%1", ""),
        ("192.0.2.1\u{0}x", ""), ("2001:db8::7::1", ""), ("١٩٢.0.2.1", ""), ("1", ""), (":", ""), ("[", ""),
    ]

    @Test(
        "only the bare address is extracted from any form that the portal writes, or none",
        arguments: forms
    )
    func bare(text: String, address: String) {
        #expect(ClientAddress.bare(text) == address)
    }

    @Test("activities and alerts parse addresses by the same rule", arguments: [EventKind.activity, .alert])
    func records(kind: EventKind) {
        let text = "203.0.113.7:54321"
        let raw =
            switch kind {
            case .activity: #"{"_id":"a","timestamp":1,"device":{"clientIP":"\#(text)"}}"#
            case .alert: #"{"_id":"a","timestamp":1,"entities":[{"type":"ip","label":"\#(text)"}]}"#
            }

        let event = RecordParser(kind: kind, date: Timestamp(milliseconds: 0)).event(
            of: Array(raw.utf8)[...]
        )

        #expect(event.ip == "203.0.113.7")
    }

    @Test("without a valid address, the next entity's is used")
    func nextEntity() {
        let raw =
            #"{"_id":"a","timestamp":1,"entities":[{"type":"ip","id":"unknown","triggeredAlert":true},"#
            + #"{"type":"ip","id":"192.0.2.9"}]}"#

        let event = RecordParser(kind: .alert, date: Timestamp(milliseconds: 0)).event(
            of: Array(raw.utf8)[...]
        )

        #expect(event.ip == "192.0.2.9")
    }

    @Test(
        "app ids are positive numbers, in the app's own field or in that of its kind",
        arguments: [
            (#""appId":15600"#, "15600"), (#""appId":"15600""#, "15600"), (#""appId":0"#, ""),
            (#""appId":-1"#, ""),
            (#""appId":"none""#, ""), (#""appId":0,"saasId":11161"#, "11161"),
            (#""saasId":"20892""#, "20892"),
            (#""appId":null"#, ""), (#""appId":1.5"#, ""), (#""appId":[1]"#, ""),
        ]
    )
    func appIDs(fields: String, id: String) {
        let raw = #"{"_id":"a","timestamp":1,\#(fields)}"#

        let event = RecordParser(kind: .activity, date: Timestamp(milliseconds: 0)).event(
            of: Array(raw.utf8)[...]
        )

        #expect(event.appID == id)
    }
}
