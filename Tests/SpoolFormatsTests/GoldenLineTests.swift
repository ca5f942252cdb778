import Foundation
import SpoolCore
import SpoolFormats
import SpoolReceiver
import SpoolTestSupport
import Testing

/// Lines of the retired agent, rendered from their records.
struct GoldenLineTests {
    struct Golden: CustomTestStringConvertible {
        let line: Int
        let id: String
        let kind: EventKind
        let version: String
        var envelope = plainHeader
        var testDescription: String { "line \(line)" }
    }

    static let golden = [
        Golden(
            line: 3,
            id: "1511373015679_167ae3eb-ed33-454a-b548-c2ed6cea6ef0",
            kind: .activity,
            version: "0.111.85"
        ),
        Golden(
            line: 5,
            id: "1511897141625_7558b33f-218c-40ff-be5d-47d2bdd6b798",
            kind: .activity,
            version: "0.112.68"
        ),
        Golden(
            line: 9,
            id: "99000001_20893_0c180415-c5f1-4cf2-226a-08dd44be8110",
            kind: .activity,
            version: "0.298.168",
            envelope: .agent(AgentHeader(), system: "4f2c9a1b7d3e")
        ),
        Golden(line: 10, id: "596a7e360c204203a335a3fb", kind: .alert, version: "0.102.17"),
    ]

    @Test("a record becomes the line that the retired agent sent for it, byte for byte", arguments: golden)
    func line(_ golden: Golden) throws {
        let file = golden.kind == .activity ? SampleFile.activities : .alerts
        let event = try file.event(id: golden.id, kind: golden.kind)
        let format = LineFormat(
            payload: .cef(.agent(version: golden.version, alertRT: false)),
            envelope: golden.envelope,
            framing: .lines
        )

        let rendered = try split(render(batch([event]), format).bytes)

        let expected = try SampleFile.goldenLines.lines()[golden.line - 1]
        #expect(rendered.map(masked) == [masked(expected)])
    }

    /// The link's host and path differ from year to year; line 9, copied by others, lacks two details.
    private func masked(_ line: String) -> String {
        line.replacing(#/ cs1=\S+/#, with: " cs1=LINK")
            .replacing("c6a1Label=Device IPv6 Address", with: "c6a1Label=\"Device IPv6 Address\"")
    }

    @Test("an activity's link has the portal's current form, with its `=` escaped")
    func link() throws {
        let line = try lines(batch([event { $0.externalID = "a=b" }]))[0]

        #expect(
            line.contains(
                #" cs1=https://security.microsoft.com/cloudapps/activity-log?activity.id\=eq(a\=b,) "#
            )
        )
    }

    @Test("an alert's link is the record's own, with its `=` escaped")
    func alertLink() throws {
        let line = try lines(batch([event(.alert) { $0.link = "https://portal.example/#/alerts?id=1" }]))[0]

        #expect(line.contains(#" cs1Label=portalURL cs1=https://portal.example/#/alerts?id\=1 "#))
    }

    @Test("an alert contains rt unless it is switched off", arguments: [true, false])
    func alertRT(_ isOn: Bool) throws {
        let line = try lines(batch([event(.alert)]), .agent(alertRT: isOn))[0]

        #expect(line.contains("externalId=id-1 \(isOn ? "rt=1738633915000 " : "")start=1738633915000 "))
    }

    @Test(
        "app ids become the agent's names, or their number if no name is known",
        arguments: [
            ("20893", "APPID_OUTLOOK"), ("11161,33626", "APPID_O365,APPID_33626"), ("", ""),
            ("15600,20595", "APPID_ONEDRIVE,APPID_MCAS"), ("a=b", #"APPID_a\=b"#),
            ("10489,,20940", "APPID_BOX,APPID_,APPID_ACTIVE_DIRECTORY"),
            ("99999999999999999999", "APPID_99999999999999999999"),
        ]
    )
    func apps(_ ids: String, _ names: String) throws {
        let line = try lines(batch([event { $0.appID = ids }]))[0]

        #expect(line.contains(" cs2=\(names) cs3Label="))
    }

    @Test(
        "an IPv4 address is written to dvc, an IPv6 address to c6a1",
        arguments: [("192.0.2.1", "192.0.2.1", ""), ("2001:db8::1", "", "2001:db8::1"), ("", "", "")]
    )
    func addresses(_ ip: String, _ dvc: String, _ c6a1: String) throws {
        let cef = try parsed(lines(batch([event { $0.ip = ip }]))[0])

        #expect(cef["dvc"] == dvc)
        #expect(cef["c6a1"] == c6a1)
        #expect(cef["c6a1Label"] == "\"Device IPv6 Address\"")
    }

    @Test("an alert's address, if any, follows the keys of the golden lines")
    func alertAddresses() throws {
        let lines = try lines(
            batch([
                event(.alert) { $0.ip = "192.0.2.1" }, event(.alert) { $0.ip = "2001:db8::1" }, event(.alert),
            ])
        )

        #expect(lines[0].hasSuffix(" cs4= src=192.0.2.1"))
        #expect(lines[1].hasSuffix(" cs4= c6a1Label=\"Device IPv6 Address\" c6a1=2001:db8::1"))
        #expect(lines[2].hasSuffix(" cs4Label=policyIDs cs4="))
    }

    @Test("without empty pairs there is no key without a value, and no label without its key")
    func noEmptyPairs() throws {
        for event in [event(), event(.alert)] {
            let cef = try parsed(lines(batch([event]), .agent(emptyPairs: false))[0])

            #expect(cef.pairs.allSatisfy { !$0.value.isEmpty })
            for pair in cef.pairs where pair.key.hasSuffix("Label") {
                #expect(cef[String(pair.key.dropLast(5))] != nil)
            }
        }
    }
}
