import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Records that cannot be decoded")
struct UnreadableRecordTests {
    @Test(
        "become separate events: keyed by their identity, dated by the response, marked",
        arguments: [
            #"{"timestamp":1,"created":2}"#, #"{"_id":"","created":2}"#, #"{"_id":4711,"created":2}"#,
            #"{"_id":"x"}"#, #"{"_id":"x","created":"yesterday"}"#, #"{"_id":"x","created":-1}"#,
            #"{"_id":"x","created":1e30}"#, #"{"_id":"x","created":253402300800000}"#,
            "null", "7", "\"text\"", "[1]", #"{"_id":"x","created":tru}"#,
        ]
    )
    func makesEvent(json: String) {
        let event = read(json)

        #expect(!event.isReadable)
        #expect(event.externalID.hasPrefix("unreadable-"))
        #expect(event.externalID.count == "unreadable-".count + 32)
        #expect(event.occurred == Samples.date)
        #expect(event.created == Samples.date)
        #expect(event.category == "EVENT_CATEGORY_UNSPECIFIED")
        #expect(event.message == json)
    }

    @Test(
        "a record that a lenient decoder understands is understood, and told apart from JSON",
        arguments: [#""x":01"#, #""x":1."#, #""x":"\q""#, #""x":[1,]"#, #""x":{"a":1,}"#, #""x":-"#]
    )
    func lenient(member: String) {
        let event = read(#"{"_id":"x","created":2,\#(member)}"#)

        #expect(event.externalID == "x" && event.isReadable && !event.isJSON)
        #expect(read(#"{"_id":"x","created":2,"x":"\ud800"}"#).isJSON)
    }

    @Test("ids with a NUL are none: SQLite would take those that differ behind it for the same")
    func nul() {
        let (first, second) = (
            read(#"{"_id":"a\u00001","created":2}"#), read(#"{"_id":"a\u00002","created":2}"#)
        )

        #expect(!first.isReadable && !second.isReadable && first.externalID != second.externalID)
    }

    @Test(
        "one whose other members change keeps its key",
        arguments: [
            // By its id.
            (#"{"_id":"x","created":"yesterday","n":1}"#, #"{"n":2,"_id":"x"}"#),
            (#"{"_id":4711,"s":"a"}"#, #"{"_id":4711,"s":"b"}"#),
            // By its times.
            (
                #"{"timestamp":5,"title":"a","statusValue":0}"#,
                #"{"timestamp":5,"title":"b","statusValue":1}"#
            ),
            (#"{"_id":null,"created":7,"x":tru}"#, #"{"_id":"","created":7,"x":fals}"#),
            // By its texts.
            (#"{"a":"text","n":1,"f":true}"#, #"{"a": "text", "n": 2.5e3, "f": null}"#),
        ]
    )
    func staysOne(first: String, second: String) {
        #expect(read(first).externalID == read(second).externalID)
    }

    @Test(
        "different records have different keys",
        arguments: [
            (#"{"_id":"x"}"#, #"{"_id":"y"}"#), (#"{"timestamp":5}"#, #"{"timestamp":6}"#),
            (#"{"a":"text"}"#, #"{"a":"other"}"#), (#"{"a":"1 2"}"#, #"{"a":"12"}"#),
            (#"{"_id":"5"}"#, #"{"timestamp":5}"#), (#"{"a":1}"#, #"{"b":1}"#), ("[1]", "[1,2]"),
        ]
    )
    func differ(first: String, second: String) {
        #expect(read(first).externalID != read(second).externalID)
    }

    @Test("records of one page with the same time are distinguished, and keep their keys when one changes")
    func tellsApart() throws {
        func ids(_ records: String...) throws -> [String] {
            let body = Array(#"{"data":[\#(records.joined(separator: ","))],"hasNext":false}"#.utf8)
            return try PageParser(ListAnswer(body, kind: .alert, date: Samples.date)).records()
                .map(\.event.externalID)
        }

        let before = try ids(#"{"timestamp":5,"a":1}"#, #"{"timestamp":5,"b":1}"#, #"{"timestamp":5,"a":1}"#)
        let after = try ids(#"{"timestamp":5,"a":1}"#, #"{"timestamp":5,"b":2}"#)

        #expect(Set(before).count == 2)
        #expect(before[0] == before[2])
        #expect(after == [before[0], before[1]])
    }

    @Test("an id longer than 1,024 bytes, which no source uses, makes a record unreadable")
    func refusesLongID() {
        let long = String(repeating: "x", count: 1_025)
        #expect(!read(#"{"_id":"\#(long)","created":2}"#).isReadable)
        #expect(read(#"{"_id":"\#(long.dropFirst())","created":2}"#).isReadable)
    }

    @Test("a record with more values than the decoder's limit is kept as it is, and not decoded")
    func refusesManyValues() throws {
        let record =
            #"{"_id":"dense","created":5,"x":["# + String(repeating: "0,", count: 200_000) + "0]}"
        let body = Array(#"{"data":[\#(record),{"_id":"b","created":6}],"hasNext":false}"#.utf8)

        let records = try PageParser(ListAnswer(body, kind: .activity, date: Samples.date)).records()

        #expect(records.map(\.event.isReadable) == [false, true])
        #expect(body[records[0].raw].elementsEqual(record.utf8))
    }

    @Test("a page with an unreadable record is read to the end, and its bytes are preserved")
    func staysInPage() throws {
        let bad = Array(#"{"_id":"b","created":2,"t":""#.utf8) + [0x80, 0xC0, 0xAF] + Array(#""}"#.utf8)
        let body =
            Array(#"{"data":[{"_id":"a","created":1},"#.utf8) + bad
            + Array(#",{"_id":"c","created":3}],"hasNext":false}"#.utf8)

        let reading = try PageParser(ListAnswer(body, kind: .activity, date: Samples.date))

        #expect(reading.records().map(\.event.isReadable) == [true, false, true])
        #expect(Array(body[reading.records()[1].raw]) == bad)
        #expect(reading.facts.times == [1, 3])
        #expect(reading.facts.count == 3)
        let page = reading.page(next: nil)
        #expect(page.greatest?.milliseconds == 3)
    }

    @Test("the shown text ends between two characters")
    func cutsAtCharacter() {
        let message = read("[\"" + String(repeating: "é", count: 400) + "\"]").message

        #expect(message == "[\"" + String(repeating: "é", count: 255))
    }

    private func read(_ json: String) -> Event {
        RecordParser(kind: .activity, date: Samples.date).event(of: Array(json.utf8)[...])
    }
}
