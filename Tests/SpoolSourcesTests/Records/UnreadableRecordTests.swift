import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Records that cannot be understood")
struct UnreadableRecordTests {
    @Test(
        "become events of their own: keyed by content, dated by the answer, marked",
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

    @Test("the same content has the same key, other content another")
    func keysByContent() {
        #expect(read(#"{"a":1}"#).externalID == read(#"{"a":1}"#).externalID)
        #expect(read(#"{"a":1}"#).externalID != read(#"{"a": 1}"#).externalID)
    }

    @Test("a page with one is read on, and its bytes stay what they were")
    func staysInPage() throws {
        let bad = Array(#"{"_id":"b","created":2,"t":""#.utf8) + [0x80, 0xC0, 0xAF] + Array(#""}"#.utf8)
        let body =
            Array(#"{"data":[{"_id":"a","created":1},"#.utf8) + bad
            + Array(#",{"_id":"c","created":3}],"hasNext":false}"#.utf8)

        let reading = try PageReading(ListAnswer(body, kind: .activity, date: Samples.date))

        #expect(reading.records.map(\.event.isReadable) == [true, false, true])
        #expect(Array(body[reading.records[1].raw]) == bad)
        #expect(reading.facts.times == [1, 3])
        #expect(reading.facts.count == 3)
        let page = reading.page(next: nil)
        #expect(page.greatest?.milliseconds == 3)
    }

    @Test("the text shown ends between two characters")
    func cutsAtCharacter() {
        let message = read("[\"" + String(repeating: "é", count: 400) + "\"]").message

        #expect(message == "[\"" + String(repeating: "é", count: 255))
    }

    private func read(_ json: String) -> Event {
        RecordReading(kind: .activity, date: Samples.date).event(of: Array(json.utf8)[...])
    }
}
