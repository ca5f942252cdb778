import Foundation
import SpoolCore
import SpoolNetwork
import SpoolTestSupport
import Testing

@testable import SpoolSources

/// Numbers and texts from outside, at every place where they enter these targets: no value crashes the
/// process.
@Suite("Any number, at every input")
struct NumberFuzzTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]

    private static let odd = [
        "0", "-0", "1", "-1", "1e400", "-1e400", "1e-400", "1E30", "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "253402300799999",
        "253402300800000",
        "999999999", "1000000000", "99999999999", "100000000000", "0.5", "1795000000000.0", "1795000000000.5",
        "null",
        "true", "\"5\"", "\"\"", "\"1e400\"", "[]", "{}", "NaN", "Infinity", "0x10", "1_000", "٣", "",
        String(repeating: "9", count: 400), "\"" + String(repeating: "9", count: 400) + "\"",
    ]

    private func number(_ random: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Self.odd.randomElement(using: &random) ?? "0"
        case 1: String(Int64(bitPattern: random.next()))
        case 2: String(Double(bitPattern: random.next()))
        default: String(Int64.random(in: -10...10, using: &random))
        }
    }

    @Test("dates and waits of headers", arguments: seeds)
    func headers(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = ["Fri", "Jan", "GMT", "UTC", ",", "-", ":", "Foo", "01", "Feb", "29"]
        for _ in 0..<5_000 {
            let time = (0..<3).map { _ in number(&random) }.joined(separator: ":")
            let text =
                Bool.random(using: &random)
                ? "Fri, \(number(&random)) Jan \(number(&random)) \(time) GMT"
                : (0..<7).map { _ in
                    Bool.random(using: &random) ? number(&random) : words.randomElement(using: &random) ?? ""
                }.joined(separator: Bool.random(using: &random) ? " " : "-")
            let date = HTTPDate.timestamp(text)
            if let date { #expect(Timestamp(rfc3339: date.description) == date) }
            for wait in [RetryAfter.wait(text, date: date), RetryAfter.wait(number(&random), date: date)] {
                if let wait { #expect(wait >= .seconds(1) && wait <= RetryAfter.longest) }
            }
        }
    }

    @Test("a response of the token service", arguments: seeds)
    func tokens(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let settings = try Configured.settings(
            Configured.minimal(url: "https://c.example", auth: Portals.application("https://login.example"))
        )
        guard case .application(let application) = settings.authentication else {
            Issue.record("not an application")
            return
        }
        for _ in 0..<2_000 {
            let body = #"{"access_token":"abc","expires_in":\#(number(&random))}"#
            let status = [200, 200, 200, 400, 401, 429, 503].randomElement(using: &random) ?? 200
            let answer = HTTPAnswer(
                status: status,
                headers: ["retry-after": number(&random), "date": number(&random)],
                body: Array(body.utf8)
            )
            guard let token = try? AccessToken.read(answer, application) else { continue }
            #expect(token.lifetime >= .seconds(10) && token.lifetime <= .hours(24))
        }
    }

    @Test(
        "a token that a header cannot contain is rejected",
        arguments: ["", "a b", "a\\r\\nX: y", "\\u00e9", String(repeating: "x", count: 40_000)]
    )
    func oddToken(text: String) throws {
        let settings = try Configured.settings(
            Configured.minimal(url: "https://c.example", auth: Portals.application("https://login.example"))
        )
        guard case .application(let application) = settings.authentication else { return }
        let answer = HTTPAnswer(
            status: 200,
            headers: [:],
            body: Array(#"{"access_token":"\#(text)","expires_in":3599}"#.utf8)
        )
        #expect(throws: SourceFault.self) { try AccessToken.read(answer, application) }
    }

    @Test("records, totals and continuation tokens of a page, and the scan's next position", arguments: seeds)
    func pages(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<600 {
            let kind = Bool.random(using: &random) ? EventKind.activity : .alert
            let records = (0..<Int.random(in: 0..<12, using: &random)).map { index in
                #"{"_id":"\#(index)","timestamp":\#(number(&random)),"#
                    + #""created":\#(number(&random)),"severityValue":"#
                    + #"\#(number(&random)),"idValue":\#(number(&random)),"appId":\#(number(&random))}"#
            }
            let body =
                #"{"data":[\#(records.joined(separator: ","))],"hasNext":\#(Bool.random(using: &random)),"#
                + #""total":\#(number(&random)),"nextQueryFilters":{"created":{"gte":\#(number(&random))}}}"#
            let date = Timestamp(milliseconds: Int64.random(in: 0...253_402_300_799_999, using: &random))
            guard let list = try? ListAnswer(Array(body.utf8), most: 100, kind: kind, date: date) else {
                continue
            }
            let from = Timestamp(milliseconds: Int64(bitPattern: random.next()))
            let scan = Scan(
                reason: .refetch,
                from: from,
                to: Bool.random(using: &random)
                    ? nil : from + .seconds(Int64.random(in: 0...90_000, using: &random)),
                filterHash: ""
            )
            var position = ScanPosition()
            position.isUnordered = Bool.random(using: &random)
            position.skip = Int.random(in: 0..<5_000, using: &random)
            let page = try? DefenderAnswer(list: list, position: position, scan: scan).page(leaving: [])
            for record in page?.records ?? [] {
                #expect((0...253_402_300_799_999).contains(record.event.created.milliseconds))
                _ = record.event.created.description
            }
        }
    }

    @Test("any bytes", arguments: seeds)
    func bytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(#"{}[]":,\\ntrue0-1e.u"#.utf8) + [0x00, 0x80, 0xC0, 0xED, 0xF4, 0xFF]
        let reading = RecordParser(kind: .activity, date: Timestamp(milliseconds: 0))
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let body =
                Bool.random(using: &random) ? bytes : Array(#"{"data":["#.utf8) + bytes + Array("]}".utf8)
            _ = try? ListAnswer(body, most: 10, kind: .alert, date: Timestamp(milliseconds: 0))
            _ = OversizedRecord(body).id
            _ = LoneSurrogates.replaced(in: bytes[...])
            #expect(reading.event(of: bytes[...], isClean: false).externalID.hasPrefix("unreadable-"))
            _ = reading.event(of: bytes[...])
        }
    }
}
